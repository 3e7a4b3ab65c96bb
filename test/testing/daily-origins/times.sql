select origin, cast(1 as int) as flights, concat(cast(`on` as string), ' ', cast(at as string)) as began
from flights
