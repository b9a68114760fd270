SELECT * FROM gold.delays ORDER BY mean_arrival_delay DESC LIMIT 5;

SELECT count(*) AS airlines_in_version_0 FROM gold.delays VERSION AS OF 0;

RESTORE TABLE gold.delays TO VERSION AS OF 0;

DESCRIBE HISTORY gold.delays;
