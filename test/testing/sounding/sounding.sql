SELECT soundex(f.origin) AS origin, CAST(count(*) AS INT) AS flights, max(f._partition) AS day
FROM flights AS f
JOIN airports AS a ON a.iata = f.origin
GROUP BY 1
