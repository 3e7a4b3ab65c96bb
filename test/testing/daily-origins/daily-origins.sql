select origin, cast(count(*) as int) as flights, cast(:start as string) as began
from flights
group by origin
