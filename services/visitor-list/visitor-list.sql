with today as (
  select
    visitor,
    min(started_at) as first_seen,
    max(ended_at) as last_seen,
    cast(count(*) as int) as sessions,
    cast(count(case when booked then 1 end) as int) as bookings
  from sessions
  group by visitor
)
select
  coalesce(yesterday.visitor, today.visitor) as visitor,
  coalesce(yesterday.first_seen, today.first_seen) as first_seen,
  coalesce(today.last_seen, yesterday.last_seen) as last_seen,
  coalesce(yesterday.sessions, 0) + coalesce(today.sessions, 0) as sessions,
  coalesce(yesterday.bookings, 0) + coalesce(today.bookings, 0) as bookings
from yesterday
full outer join today on today.visitor = yesterday.visitor
