-- What differs from Apache Spark and is known: the reason, then the query, blank lines between them.

-- the OUTER of a lateral explode
SELECT l.id, t.col FROM lists l LEFT JOIN LATERAL explode(l.xs) AS t

-- Databricks has QUALIFY, open Spark has not
SELECT name, salary FROM emp QUALIFY row_number() OVER (PARTITION BY dept ORDER BY salary DESC NULLS LAST) = 1

-- Databricks has QUALIFY, open Spark has not
SELECT name, sum(salary) OVER (PARTITION BY dept) AS s FROM emp QUALIFY s > 4500

-- set operations and VALUES take DuckDB's common type
SELECT * FROM (VALUES (1, 'a'), (2.5, NULL), ('3', 'c')) AS t(x, y)

-- set operations and VALUES take DuckDB's common type
SELECT * FROM VALUES (DATE'2024-01-05'), ('2024-01-06') AS t(a)

-- the last digits of a statistic, the type of percentile_approx, which of two modes
SELECT percentile(salary, 0.5), median(salary), percentile_approx(salary, 0.5), mode(dept) FROM emp

-- not there yet, fails by name
SELECT session_window.start AS s, session_window.end AS e, sensor, count(*) AS n FROM readings GROUP BY sensor, session_window(at, '5 minutes')

-- not there yet, fails by name
SELECT name FROM emp WHERE id IN (SELECT '1')

-- Databricks and Spark have two names for it
SELECT name, count(*) FROM emp

-- not there yet, fails by name
SELECT sum(rank() OVER (ORDER BY id)) FROM emp

-- the name of aggregate() without a finish function
SELECT id, transform(xs, x -> x * 10), filter(xs, x -> x > 1), exists(xs, x -> x = 4), aggregate(xs, 0, (a, x) -> a + x) FROM lists
