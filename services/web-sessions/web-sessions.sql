-- A session begins where the same visitor's last request is more than half an hour away.
with steps as (
  select
    visitor,
    requested_at,
    case when requested_at <= lag(requested_at) over (partition by visitor order by requested_at) + interval 30 minutes then 0 else 1 end as begins,
    nullif(regexp_extract(path, '^/flights/([A-Z]{3}-[A-Z]{3})', 1), '') as route,
    method = 'POST' and status = 201 as booked
  from requests
  where visitor is not null
),
numbered as (
  select visitor, requested_at, route, booked, sum(begins) over (partition by visitor order by requested_at) as session
  from steps
)
select
  visitor,
  cast(session as int) as session,
  min(requested_at) as started_at,
  max(requested_at) as ended_at,
  cast(count(*) as int) as pages,
  max(route) as route,
  max(case when booked then 1 else 0 end) = 1 as booked
from numbered
group by visitor, session
