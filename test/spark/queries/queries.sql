-- Blocks with blank lines between them: first the views, then the queries. record_queries.py asks Spark, queries_spark_test asks us.

CREATE TEMPORARY VIEW emp AS SELECT * FROM VALUES
  (1, 'Ann', 10, 5000.00BD, DATE'2020-01-15', NULL),
  (2, 'Bob', 10, 4000.00BD, DATE'2021-03-01', 1),
  (3, 'Cy', 20, 4000.00BD, DATE'2019-07-20', 1),
  (4, 'Dee', 20, NULL, DATE'2022-11-11', 3),
  (5, 'Eve', NULL, 3500.50BD, NULL, 3),
  (6, 'Flo', 40, 6100.25BD, DATE'2018-02-28', NULL)
  AS t(id, name, dept, salary, hired, boss)

CREATE TEMPORARY VIEW dept AS SELECT * FROM VALUES
  (10, 'Sales', 'Rome'), (20, 'Research', 'Oslo'), (30, 'Empty', NULL)
  AS t(id, title, city)

CREATE TEMPORARY VIEW sales AS SELECT * FROM VALUES
  (2023, 1, 'eu', 10), (2023, 1, 'us', 20), (2023, 2, 'eu', 30), (2023, 2, 'us', NULL),
  (2024, 1, 'eu', 50), (2024, 1, 'us', 60), (2024, 2, 'eu', 70), (2024, 2, NULL, 80)
  AS t(year, quarter, region, amount)

CREATE TEMPORARY VIEW lists AS SELECT * FROM VALUES
  (1, array(1, 2, 3), map('a', 1, 'b', 2), named_struct('x', 1, 'y', 'one')),
  (2, array(4), map('c', 3), named_struct('x', 2, 'y', 'two')),
  (3, array(), map(), named_struct('x', 3, 'y', NULL)),
  (4, NULL, NULL, NULL)
  AS t(id, xs, m, s)

CREATE TEMPORARY VIEW readings AS SELECT * FROM VALUES
  (1, TIMESTAMP'2024-01-01 00:00:00', 1.5D), (1, TIMESTAMP'2024-01-01 00:04:00', 2.5D),
  (1, TIMESTAMP'2024-01-01 00:11:00', 3.0D), (2, TIMESTAMP'2024-01-01 00:09:59', 4.0D),
  (2, TIMESTAMP'2024-01-01 00:30:00', NULL), (2, NULL, 9.0D)
  AS t(sensor, at, value)

SELECT e.name, d.title FROM emp e JOIN dept d ON e.dept = d.id

SELECT e.name, d.title FROM emp e LEFT JOIN dept d ON e.dept = d.id

SELECT e.name, d.title FROM emp e RIGHT JOIN dept d ON e.dept = d.id

SELECT e.name, d.title FROM emp e FULL OUTER JOIN dept d ON e.dept = d.id

SELECT name FROM emp LEFT SEMI JOIN dept ON emp.dept = dept.id

SELECT name FROM emp LEFT ANTI JOIN dept ON emp.dept = dept.id

SELECT e.name, d.title FROM emp e CROSS JOIN dept d WHERE e.id = 1

SELECT e.name, b.name AS boss FROM emp e LEFT JOIN emp b ON e.boss = b.id

SELECT e.name, b.name FROM emp e JOIN emp b ON e.salary < b.salary AND e.dept = b.dept

SELECT * FROM (SELECT id, title FROM dept) a JOIN (SELECT id, city FROM dept) b USING (id)

SELECT * FROM (SELECT id, title FROM dept) NATURAL JOIN (SELECT id, city FROM dept)

SELECT id, a.title, b.city FROM (SELECT id, title FROM dept) a FULL JOIN (SELECT id + 10 AS id, city FROM dept) b USING (id)

SELECT * FROM dept d LEFT JOIN emp e ON e.dept = d.id AND e.salary > 4000

SELECT d.title, x.name FROM dept d, LATERAL (SELECT name FROM emp WHERE emp.dept = d.id) x

SELECT d.title, x.n FROM dept d JOIN LATERAL (SELECT count(*) AS n FROM emp WHERE emp.dept = d.id) x

SELECT d.title, x.name FROM dept d LEFT JOIN LATERAL (SELECT name FROM emp WHERE emp.dept = d.id ORDER BY salary DESC LIMIT 1) x ON true

SELECT e.name FROM emp e WHERE e.dept <=> NULL

SELECT a.id, b.id FROM VALUES (1), (NULL) AS a(id) JOIN VALUES (1), (NULL) AS b(id) ON a.id <=> b.id

SELECT a.id, b.id FROM VALUES (1), (2) AS a(id) JOIN VALUES ('1'), ('02') AS b(id) ON a.id = b.id

SELECT * FROM VALUES (1, 'a') AS a(id, x) JOIN VALUES (1L, 'b') AS b(id, y) USING (id)

SELECT count(*) FROM emp, dept

SELECT e.name FROM emp e WHERE EXISTS (SELECT 1 FROM dept d WHERE d.id = e.dept)

SELECT e.name FROM emp e WHERE NOT EXISTS (SELECT 1 FROM dept d WHERE d.id = e.dept)

SELECT name FROM emp WHERE dept IN (SELECT id FROM dept)

SELECT name FROM emp WHERE dept NOT IN (SELECT id FROM dept)

SELECT name FROM emp WHERE dept NOT IN (SELECT id FROM dept WHERE id IS NOT NULL) OR dept IS NULL

SELECT name, (SELECT title FROM dept WHERE dept.id = emp.dept) AS title FROM emp

SELECT name FROM emp WHERE salary = (SELECT max(salary) FROM emp)

SELECT name FROM emp e WHERE salary > (SELECT avg(salary) FROM emp x WHERE x.dept = e.dept)

SELECT name FROM emp WHERE (dept, salary) IN (SELECT dept, max(salary) FROM emp GROUP BY dept)

SELECT dept, count(*), count(salary), sum(salary), avg(salary), min(hired), max(name) FROM emp GROUP BY dept

SELECT dept, count(DISTINCT salary) AS n, sum(DISTINCT salary) AS s FROM emp GROUP BY dept

SELECT count(DISTINCT dept, salary) FROM emp

SELECT count(*) FILTER (WHERE salary > 4000), sum(salary) FILTER (WHERE dept = 10) FROM emp

SELECT dept FROM emp GROUP BY dept HAVING count(*) > 1

SELECT year(hired) AS y, count(*) FROM emp GROUP BY y

SELECT year(hired), count(*) FROM emp GROUP BY 1

SELECT dept, count(*) FROM emp GROUP BY ALL

SELECT dept, upper(name), sum(salary) FROM emp GROUP BY ALL ORDER BY ALL

SELECT sum(salary), count(*) FROM emp WHERE false

SELECT dept, sum(salary) FROM emp WHERE false GROUP BY dept

SELECT year, quarter, sum(amount) FROM sales GROUP BY ROLLUP (year, quarter)

SELECT year, quarter, sum(amount) FROM sales GROUP BY year, quarter WITH ROLLUP

SELECT year, region, sum(amount) FROM sales GROUP BY CUBE (year, region)

SELECT year, region, sum(amount) FROM sales GROUP BY year, region WITH CUBE

SELECT year, quarter, region, sum(amount) FROM sales GROUP BY GROUPING SETS ((year, quarter), (region), ())

SELECT year, quarter, sum(amount) FROM sales GROUP BY year, ROLLUP (quarter)

SELECT year, region, sum(amount) FROM sales GROUP BY year, GROUPING SETS ((region), ())

SELECT year, region, grouping(year), grouping(region), grouping_id(year, region), sum(amount) FROM sales GROUP BY CUBE (year, region)

SELECT year, grouping_id(), count(*) FROM sales GROUP BY ROLLUP (year)

SELECT year, region, sum(amount) AS s FROM sales GROUP BY ROLLUP (year, region) HAVING grouping(region) = 1

SELECT coalesce(region, 'all'), sum(amount) FROM sales GROUP BY ROLLUP (region) ORDER BY 1 NULLS LAST, 2

SELECT * FROM (SELECT year, quarter, amount FROM sales) PIVOT (sum(amount) FOR quarter IN (1, 2))

SELECT * FROM (SELECT year, quarter, amount FROM sales) PIVOT (sum(amount) FOR quarter IN (1 AS q1, 2 AS q2))

SELECT * FROM (SELECT year, quarter, amount FROM sales) PIVOT (sum(amount) AS s, count(amount) AS n FOR quarter IN (1 AS q1, 2 AS q2))

SELECT * FROM (SELECT year, region, amount FROM sales) PIVOT (max(amount) FOR region IN ('eu', 'us', 'asia'))

SELECT * FROM sales PIVOT (sum(amount) FOR (quarter, region) IN ((1, 'eu') AS a, (2, 'us') AS b))

SELECT year, q1 FROM (SELECT year, quarter, amount FROM sales) PIVOT (avg(amount) FOR quarter IN (1 AS q1)) WHERE year > 2023

SELECT * FROM (SELECT 1 AS id, 10 AS a, 20 AS b, NULL AS c) UNPIVOT (v FOR k IN (a, b, c))

SELECT * FROM (SELECT 1 AS id, 10 AS a, 20 AS b, NULL AS c) UNPIVOT INCLUDE NULLS (v FOR k IN (a, b, c))

SELECT * FROM (SELECT 1 AS id, 10 AS a, 20 AS b) UNPIVOT (v FOR k IN (a AS `first`, b AS `second`))

SELECT * FROM (SELECT 1 AS id, 10 AS a1, 20 AS a2, 30 AS b1, 40 AS b2) UNPIVOT ((x, y) FOR k IN ((a1, a2) AS a, (b1, b2) AS b))

SELECT * FROM (SELECT 1 AS id, 10 AS a, 20L AS b) UNPIVOT (v FOR k IN (a, b))

SELECT id, x FROM lists LATERAL VIEW explode(xs) t AS x

SELECT id, x FROM lists LATERAL VIEW OUTER explode(xs) t AS x

SELECT id, i, x FROM lists LATERAL VIEW posexplode(xs) t AS i, x

SELECT id, i, x FROM lists LATERAL VIEW OUTER posexplode(xs) t AS i, x

SELECT id, k, v FROM lists LATERAL VIEW explode(m) t AS k, v

SELECT id, x, k FROM lists LATERAL VIEW explode(xs) a AS x LATERAL VIEW explode(m) b AS k, v

SELECT id, explode(xs) FROM lists

SELECT id, explode(xs) AS x FROM lists WHERE id < 3

SELECT id, explode_outer(xs) AS x FROM lists

SELECT id, explode(m) FROM lists

SELECT id, posexplode(xs) FROM lists

SELECT id, posexplode(xs) AS (p, c) FROM lists

SELECT inline(array(named_struct('a', 1, 'b', 'x'), named_struct('a', 2, 'b', 'y')))

SELECT stack(2, 1, 'a', 2, 'b')

SELECT stack(2, 1, 'a', 2, 'b') AS (n, t)

SELECT * FROM explode(array(10, 20))

SELECT * FROM explode(array(10, 20)) AS t(x)

SELECT * FROM posexplode(array('a', 'b'))

SELECT l.id, t.x FROM lists l, LATERAL explode(l.xs) AS t(x)

SELECT l.id, t.col FROM lists l LEFT JOIN LATERAL explode(l.xs) AS t

SELECT json_tuple('{"a":1,"b":"x","c":[1]}', 'a', 'b', 'c', 'd')

SELECT json_tuple('{"a":1,"b":{"c":2}}', 'a', 'b') AS (x, y)

SELECT j.* FROM VALUES ('{"a":1,"b":2}'), ('{"a":3}'), ('bad'), (NULL) AS t(s) LATERAL VIEW json_tuple(s, 'a', 'b') j AS a, b

SELECT * FROM variant_explode(parse_json('[1,"x",null]'))

SELECT * FROM variant_explode(parse_json('{"a":1,"b":true}'))

SELECT t.key, t.pos, t.value FROM VALUES ('{"a":[1,2]}'), ('5'), (NULL) AS v(j), LATERAL variant_explode(parse_json(j)) AS t

SELECT * FROM variant_explode_outer(parse_json('[]'))

SELECT s.x, s.y, s.* FROM lists

SELECT id, s.* FROM lists

SELECT id, m['a'], xs[0], element_at(xs, -1) FROM lists WHERE id < 3

SELECT name, salary, row_number() OVER (ORDER BY id) AS r FROM emp

SELECT name, dept, rank() OVER (PARTITION BY dept ORDER BY salary DESC) AS r, dense_rank() OVER (PARTITION BY dept ORDER BY salary DESC) AS d FROM emp

SELECT name, percent_rank() OVER (ORDER BY salary) AS p, cume_dist() OVER (ORDER BY salary) AS c, ntile(3) OVER (ORDER BY id) AS n FROM emp

SELECT id, lag(name) OVER (ORDER BY id) AS a, lead(name, 2, 'none') OVER (ORDER BY id) AS b FROM emp

SELECT id, lag(salary) IGNORE NULLS OVER (ORDER BY id) AS a FROM emp

SELECT id, first_value(salary) OVER (ORDER BY id) AS f, last_value(salary) OVER (ORDER BY id) AS l FROM emp

SELECT id, last_value(salary) IGNORE NULLS OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS l FROM emp

SELECT id, nth_value(name, 2) OVER (ORDER BY id) AS n FROM emp

SELECT id, sum(salary) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM emp

SELECT id, sum(salary) OVER (ORDER BY id) AS s FROM emp

SELECT id, sum(salary) OVER (ORDER BY salary) AS s FROM emp

SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) AS s FROM emp

SELECT id, sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM emp

SELECT id, count(*) OVER (ORDER BY hired RANGE BETWEEN INTERVAL 1 YEAR PRECEDING AND CURRENT ROW) AS n FROM emp WHERE hired IS NOT NULL

SELECT id, avg(salary) OVER (PARTITION BY dept) AS a FROM emp

SELECT id, sum(salary) OVER w AS s, count(*) OVER w AS n FROM emp WINDOW w AS (PARTITION BY dept ORDER BY id)

SELECT id, max(salary) OVER (ORDER BY id DESC NULLS LAST) AS m FROM emp

SELECT id, collect_list(name) OVER (ORDER BY id ROWS 1 PRECEDING) AS c FROM emp

SELECT name, salary FROM emp QUALIFY row_number() OVER (PARTITION BY dept ORDER BY salary DESC NULLS LAST) = 1

SELECT name, sum(salary) OVER (PARTITION BY dept) AS s FROM emp QUALIFY s > 4500

SELECT dept, sum(salary) AS s, rank() OVER (ORDER BY sum(salary) DESC) AS r FROM emp GROUP BY dept

SELECT dept, sum(sum(salary)) OVER () AS total FROM emp GROUP BY dept

SELECT id FROM emp UNION SELECT id FROM dept

SELECT dept FROM emp UNION ALL SELECT id FROM dept

SELECT dept FROM emp INTERSECT SELECT id FROM dept

SELECT dept FROM emp EXCEPT SELECT id FROM dept

SELECT dept FROM emp EXCEPT ALL SELECT id FROM dept

SELECT dept FROM emp INTERSECT ALL SELECT id FROM dept

SELECT dept FROM emp MINUS SELECT id FROM dept

SELECT 1 AS x UNION ALL SELECT 2.5

SELECT 1 AS x UNION ALL SELECT 2L

SELECT 1 AS x UNION ALL SELECT 2.5D

SELECT 1.5F AS x UNION ALL SELECT 2

SELECT 1 AS x UNION ALL SELECT '2'

SELECT 'a' AS x UNION ALL SELECT 1

SELECT 1 AS x UNION ALL SELECT NULL

SELECT NULL AS x UNION ALL SELECT 'a'

SELECT DATE'2024-01-05' AS x UNION ALL SELECT TIMESTAMP'2024-01-05 10:00:00'

SELECT DATE'2024-01-05' AS x UNION ALL SELECT '2024-01-06'

SELECT cast(1.25 AS DECIMAL(10, 2)) AS x UNION ALL SELECT cast(1 AS DECIMAL(5, 4))

SELECT cast(1.25 AS DECIMAL(10, 2)) AS x UNION ALL SELECT 7

SELECT cast(1.25 AS DECIMAL(38, 2)) AS x UNION ALL SELECT cast(0.12345 AS DECIMAL(10, 5))

SELECT array(1) AS x UNION ALL SELECT array(2.5)

SELECT true AS x UNION ALL SELECT 1

SELECT 1 AS x, 2 AS y UNION ALL SELECT 3, '4' UNION ALL SELECT 5.5, NULL

SELECT * FROM (VALUES (1, 'a'), (2.5, NULL), ('3', 'c')) AS t(x, y)

SELECT * FROM VALUES (1, NULL), (2L, 'x') AS t(a, b)

SELECT * FROM VALUES (DATE'2024-01-05'), ('2024-01-06') AS t(a)

SELECT name, dept FROM emp ORDER BY dept, name DESC

SELECT name, dept FROM emp ORDER BY dept DESC NULLS FIRST, name

SELECT name, salary FROM emp ORDER BY salary ASC NULLS LAST, id LIMIT 3

SELECT name FROM emp ORDER BY id LIMIT 2 OFFSET 3

SELECT DISTINCT dept FROM emp

SELECT DISTINCT ON_ FROM (SELECT dept AS ON_ FROM emp)

WITH a AS (SELECT dept, sum(salary) AS s FROM emp GROUP BY dept), b AS (SELECT max(s) AS m FROM a) SELECT a.dept FROM a JOIN b ON a.s = b.m

WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r

WITH RECURSIVE chain(id, name, depth) AS (SELECT id, name, 0 FROM emp WHERE boss IS NULL UNION ALL SELECT e.id, e.name, c.depth + 1 FROM emp e JOIN chain c ON e.boss = c.id) SELECT * FROM chain

WITH t(a, b) AS (SELECT 1, 2) SELECT * FROM t

SELECT * EXCEPT (salary, hired) FROM emp WHERE id = 1

SELECT e.*, d.city FROM emp e JOIN dept d ON e.dept = d.id WHERE e.id = 3

SELECT id AS a, a + 1 AS b, b * 2 AS c FROM emp WHERE id < 3

SELECT * FROM range(3)

SELECT * FROM range(1, 10, 4) AS r(n)

SELECT name FROM emp WHERE name LIKE '_o%'

SELECT name FROM emp WHERE name LIKE ANY ('A%', '%e')

SELECT name FROM emp WHERE name RLIKE '^[A-C]'

SELECT name FROM emp WHERE name ILIKE 'a%'

SELECT CASE WHEN salary > 4500 THEN 'high' WHEN salary IS NULL THEN 'none' ELSE 'low' END AS band, count(*) FROM emp GROUP BY band

SELECT dept, collect_list(name) FROM (SELECT * FROM emp ORDER BY id) GROUP BY dept

SELECT dept, sort_array(collect_set(salary)) FROM emp GROUP BY dept

SELECT dept, listagg(name, '+') WITHIN GROUP (ORDER BY name DESC) FROM emp GROUP BY dept

SELECT dept, max_by(name, salary), min_by(name, salary) FROM emp GROUP BY dept

SELECT percentile(salary, 0.5), median(salary), percentile_approx(salary, 0.5), mode(dept) FROM emp

SELECT stddev(salary), variance(salary), stddev_pop(salary), corr(id, salary) FROM emp

SELECT bool_and(salary > 3000), bool_or(dept = 40), every(id > 0), any(id > 5) FROM emp

SELECT approx_count_distinct(dept), count_if(dept = 10), any_value(7) FROM emp

SELECT first(name), last(name) FROM (SELECT * FROM emp ORDER BY id)

SELECT sensor, window.start, window.end, sum(value) FROM readings GROUP BY sensor, window(at, '10 minutes')

SELECT window.start AS s, count(*) AS n FROM readings GROUP BY window(at, '10 minutes', '5 minutes')

SELECT window.start AS s, window.end AS e, count(*) AS n FROM readings GROUP BY window(at, '10 minutes', '10 minutes', '2 minutes')

SELECT session_window.start AS s, session_window.end AS e, sensor, count(*) AS n FROM readings GROUP BY sensor, session_window(at, '5 minutes')

SELECT sensor, date_trunc('HOUR', at) AS h, avg(value) FROM readings GROUP BY ALL

SELECT name FROM emp WHERE salary BETWEEN 4000 AND '5000'

SELECT name FROM emp WHERE hired > '2020-06-01'

SELECT name FROM emp WHERE hired = '2020-01-15'

SELECT name FROM emp WHERE dept = '10'

SELECT name FROM emp WHERE dept IN ('10', '40')

SELECT name FROM emp WHERE salary = 4000

SELECT name FROM emp WHERE salary > 4000.5D

SELECT name FROM emp WHERE id IN (SELECT '1')

SELECT name FROM emp WHERE '2' = ANY (SELECT 1)

SELECT sum(CASE WHEN dept = 10 THEN 1 ELSE 0 END), sum(if(dept = 20, salary, 0)) FROM emp

SELECT * FROM emp WHERE salary > 'x'

SELECT nosuch FROM emp

SELECT name, count(*) FROM emp

SELECT name FROM emp GROUP BY dept

SELECT id FROM emp e JOIN dept d ON e.dept = d.id

SELECT (SELECT id FROM emp)

SELECT * FROM nosuch

SELECT sum(rank() OVER (ORDER BY id)) FROM emp

SELECT 1 / 0

SELECT id FROM emp UNION SELECT id, title FROM dept

SELECT array(1, 2)[5]

SELECT element_at(array(1, 2), 5)

SELECT map('a', 1)['b']

FROM emp |> WHERE dept = 10 |> SELECT name, salary |> ORDER BY name

FROM emp |> AGGREGATE sum(salary) AS s GROUP BY dept

TABLE dept

VALUES (1, 'a'), (2, 'b')

SELECT t.* FROM (TABLE dept) AS t WHERE t.city IS NULL

SELECT id, transform(xs, x -> x * 10), filter(xs, x -> x > 1), exists(xs, x -> x = 4), aggregate(xs, 0, (a, x) -> a + x) FROM lists

SELECT current_date() = current_date(), length(uuid()), typeof(now())
