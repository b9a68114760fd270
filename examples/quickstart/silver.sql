-- Silver: names joined in, types made right, cancelled flights marked.
CREATE OR REPLACE TABLE silver.flights PARTITIONED BY (month) AS
SELECT
  make_date(f.year, f.month, f.day) AS flight_date,
  f.month,
  f.carrier,
  a.name AS airline,
  f.flight,
  f.tailnum,
  p.manufacturer,
  f.origin,
  f.dest,
  d.name AS destination,
  f.dep_delay,
  f.arr_delay,
  f.air_time,
  f.distance,
  f.dep_time IS NULL AS is_cancelled
FROM bronze.flights f
  LEFT JOIN bronze.airlines a ON f.carrier = a.carrier
  LEFT JOIN bronze.planes p ON f.tailnum = p.tailnum
  LEFT JOIN bronze.airports d ON f.dest = d.faa;
