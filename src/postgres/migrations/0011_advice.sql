-- Port Advice.

create table aorta_advice (
  id text collate "C" primary key,
  hook_instance text not null,
  service text not null,
  hook text not null,
  client text not null,
  patient text not null,
  at bigint not null,
  outcome text not null,
  ms bigint not null,
  cards text not null,
  reads text not null
);
create index aorta_advice_age on aorta_advice (at);

create table aorta_advice_feedback (
  id text collate "C" primary key,
  service text not null,
  client text not null,
  card text not null,
  outcome text not null,
  suggestions text not null,
  reason_system text,
  reason_code text,
  comment text,
  outcome_at bigint not null,
  received_at bigint not null,
  unique (client, card, outcome, outcome_at)
);
create index aorta_advice_feedback_age on aorta_advice_feedback (received_at);
