// Values of a claim: `o:<coordinate>` open, `c:<coordinate>` confirmed. Times of a bucket are microseconds by the
// server's clock, so that workers with different clocks agree; 2^53 holds them until the year 2255.

/** KEYS claim · ARGV coordinate, lease (ms) → { state, ms left }. */
export const claim = `
local held = redis.call('GET', KEYS[1])
if not held then
  redis.call('SET', KEYS[1], 'o:' .. ARGV[1], 'PX', ARGV[2])
  return {'claimed', 0}
end
if string.sub(held, 3) == ARGV[1] then
  if string.sub(held, 1, 1) == 'o' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return {'claimed', 0}
end
if string.sub(held, 1, 1) == 'c' then return {'confirmed', 0} end
return {'open', math.max(0, redis.call('PTTL', KEYS[1]))}
`;

/** KEYS claim · ARGV coordinate, ttl (ms) → 1, or 0 if another record's confirmation stands. */
export const confirm = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 1) == 'c' and string.sub(held, 3) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'c:' .. ARGV[1], 'PX', ARGV[2])
return 1
`;

/** KEYS claim · ARGV coordinate → 1 if it was ours and open. */
export const release = `
if redis.call('GET', KEYS[1]) == 'o:' .. ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/**
 * Who shares the bucket or counter. KEYS it, workers, settling · ARGV worker, worker's time to live (ms), settle (ms; 0: not
 * asked), … → workers, settling.
 */
const sharing = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local live = now / 1000
redis.call('ZADD', KEYS[2], string.format('%.0f', live + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', live))
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local workers = redis.call('ZCARD', KEYS[2])
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[3], '1', 'PX', ARGV[3]) end
local settling = redis.call('EXISTS', KEYS[3])
`;

/**
 * The bucket as one number, the theoretical arrival time of the next place (GCRA, ITU-T I.371): a place is free when
 * now >= it - (burst - 1) intervals; taking one moves it by an interval. Booking ahead gives waiting workers their
 * turns in order, and nobody polls.
 *
 * While workers settle, the bucket books nothing, and goes on behind the last of what they booked in their own ones, with
 * no burst: theirs may be used.
 *
 * KEYS as `sharing` · ARGV and interval (µs), burst, longest wait (µs), after (µs)
 * → { granted, wait (µs), workers, settling, ahead (µs) }.
 */
export const reserve = `${sharing}
local booked = tonumber(redis.call('GET', KEYS[1]) or '0')
local function book(next)
  redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', string.format('%.0f', (next - now) / 1000 + 1000))
end
local function answer(granted, wait, next)
  return {granted, string.format('%.0f', wait), workers, settling, string.format('%.0f', next - now)}
end
local slack = (ARGV[5] - 1) * ARGV[4]
if settling == 1 then
  local next = math.max(booked, now + ARGV[7] + slack)
  book(next)
  return answer(0, 0, next)
end
local tat = math.max(booked, now + ARGV[7])
local wait = math.max(0, tat - slack - now)
if wait > tonumber(ARGV[6]) then return answer(0, wait, tat) end
book(tat + ARGV[4])
return answer(1, wait, tat + ARGV[4])
`;

/** KEYS bucket · ARGV pause (µs), (burst - 1) intervals (µs): what a rest would have saved up is taken away. */
export const pause = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now + ARGV[1] + ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', string.format('%.0f', (tat - now) / 1000 + 1000))
return 1
`;

/** KEYS as `sharing` · ARGV and by, ttl (ms) → { the new value, workers, settling }. */
export const count = `${sharing}
local value = redis.call('INCRBY', KEYS[1], ARGV[4])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
return {value, workers, settling}
`;
