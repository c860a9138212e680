-- Port Identity: which admission has made or undone the link, to see whether its records are in the log.

alter table aorta_link add column instance text collate "C" not null default '';
alter table aorta_link add column seq bigint not null default 0;
