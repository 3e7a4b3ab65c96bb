with weeks as (
  select
    airport,
    cast(count(*) as int) as days,
    cast(sum(departures) as int) as departures,
    sum(late) / sum(departures) as late_share,
    sum(delay_min) / sum(departures) as mean_delay_min,
    cast(sum(strikes) as int) as strikes
  from days
  group by airport
)
select
  airport,
  days,
  departures,
  late_share,
  mean_delay_min,
  strikes,
  cast(rank() over (order by late_share desc) as int) as lateness_rank
from weeks
