-- Gold: what people ask for.
CREATE OR REPLACE TABLE gold.delays AS
SELECT
  airline,
  count(*) AS flights,
  count_if(is_cancelled) AS cancelled,
  round(avg(arr_delay), 1) AS mean_arrival_delay,
  percentile_approx(arr_delay, 0.9) AS p90_arrival_delay
FROM silver.flights
GROUP BY airline;

-- A second version, to travel back from.
INSERT INTO gold.delays VALUES ('All airlines together', 336776, 8255, 6.9, 52);
