-- Names a column that there is not.
select orign as origin, 1 as flights, '' as began from flights
