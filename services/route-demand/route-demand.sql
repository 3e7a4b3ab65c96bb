with looked as (
  select route, cast(count(*) as int) as sessions
  from sessions
  where route is not null
  group by route
),
sold as (
  select route, cast(count(*) as int) as bookings, cast(sum(seats) as int) as seats, cast(sum(fare) as decimal(12, 2)) as revenue
  from bookings
  group by route
)
select
  coalesce(looked.route, sold.route) as route,
  coalesce(looked.sessions, 0) as sessions,
  coalesce(sold.bookings, 0) as bookings,
  coalesce(sold.seats, 0) as seats,
  coalesce(sold.revenue, cast(0 as decimal(12, 2))) as revenue
from looked
full outer join sold on sold.route = looked.route
