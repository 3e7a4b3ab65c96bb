select
  state,
  cast(count(distinct airport) as int) as airports,
  cast(sum(departures) as int) as departures,
  sum(late) / sum(departures) as late_share,
  sum(delay_min) / sum(departures) as mean_delay_min,
  cast(sum(strikes) as int) as strikes
from days
group by state
