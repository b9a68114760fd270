#pragma once

// The pivot of the system: SQL text, Spark Connect plans and stored definitions all become these
// structs; printers write them for DuckDB and for Databricks.
#include "sql/expression.h"
#include "sql/query.h"
#include "sql/statement.h"
