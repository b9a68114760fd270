-- New files become rows by themselves: each is read once, however often it is looked for.

CREATE OR REFRESH STREAMING TABLE main.bronze.weather_stream SCHEDULE EVERY 1 HOUR
AS SELECT * FROM STREAM read_files('/Volumes/main/bronze/landing/weather', format => 'csv', nullValue => 'NA');

CREATE OR REFRESH STREAMING TABLE main.silver.weather_stream (
  CONSTRAINT has_temperature EXPECT (temp IS NOT NULL) ON VIOLATION DROP ROW)
TRIGGER ON UPDATE
AS SELECT origin, time_hour, temp FROM STREAM main.bronze.weather_stream;

CREATE OR REPLACE MATERIALIZED VIEW main.gold.temperature SCHEDULE EVERY 1 DAY
AS SELECT origin, round(avg((temp - 32) / 1.8), 1) AS celsius FROM main.silver.weather_stream GROUP BY origin;

SELECT * FROM gold.temperature ORDER BY origin;

-- What each stream has done, and what it has still to do.
SELECT dataset_name, num_output_rows, num_dropped_rows, num_files_outstanding FROM stream_metrics();
