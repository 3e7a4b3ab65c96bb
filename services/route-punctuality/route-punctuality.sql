-- Routes between the states: the islands' have a report of their own.
select
  concat(flights.origin, '-', flights.destination) as route,
  avg(case when flights.delay_min <= 15 then 1 else 0 end) as on_time_share,
  cast(count(*) as int) as flights
from flights
left join airports as origins on origins.iata = flights.origin
left join airports as destinations on destinations.iata = flights.destination
where coalesce(origins.state, '') not in ('PR', 'VI') and coalesce(destinations.state, '') not in ('PR', 'VI')
group by flights.origin, flights.destination
