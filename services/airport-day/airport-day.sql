-- The registry does not know every city and state; an airport's own name then stands for the city.
with flown as (
  select
    origin as airport,
    cast(count(*) as int) as departures,
    cast(count(case when delay_min > 15 then 1 end) as int) as late,
    sum(delay_min) as delay_min
  from flights
  group by origin
),
struck as (
  select airport, cast(count(*) as int) as strikes
  from strikes
  group by airport
)
select
  flown.airport,
  coalesce(airports.city, airports.name, flown.airport) as city,
  coalesce(airports.state, 'unknown') as state,
  flown.departures,
  flown.late,
  flown.delay_min,
  coalesce(struck.strikes, 0) as strikes
from flown
left join airports on airports.iata = flown.airport
left join struck on struck.airport = flown.airport
