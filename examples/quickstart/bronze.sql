-- Bronze: the files as they are, types inferred, misfits kept in _rescued_data.
CREATE OR REPLACE TABLE bronze.flights COMMENT 'Flights out of New York, 2013' AS
SELECT *, _metadata.file_name AS source_file
FROM read_files('/Volumes/main/bronze/landing/flights', format => 'csv', nullValue => 'NA');

CREATE OR REPLACE TABLE bronze.weather AS
SELECT * FROM read_files('/Volumes/main/bronze/landing/weather', format => 'csv', nullValue => 'NA');

CREATE OR REPLACE TABLE bronze.planes AS
SELECT * FROM read_files('/Volumes/main/bronze/landing/planes', format => 'csv', nullValue => 'NA');

CREATE OR REPLACE TABLE bronze.airports AS
SELECT * FROM read_files('/Volumes/main/bronze/landing/airports', format => 'csv', nullValue => 'NA');

CREATE OR REPLACE TABLE bronze.airlines AS
SELECT * FROM read_files('/Volumes/main/bronze/landing/airlines', format => 'csv', nullValue => 'NA');
