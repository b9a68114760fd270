#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/query.h"

/// Small pieces of SQL, to build the queries of statements from.
namespace inlet::ingest::parts {

sql::Expression Column(std::string name);
sql::Expression Column(std::string table, std::string name);
sql::Expression Null();
sql::Expression Text(std::string text);
sql::Expression Bool(bool value);
sql::Expression Integer(std::int64_t value);
sql::Expression CastTo(sql::Expression value, types::DataType type);
sql::Expression Call(std::string function, std::vector<sql::Expression> arguments);
sql::Expression Not(sql::Expression operand);
sql::Expression IsNull(sql::Expression operand, bool negated = false);
sql::Expression Binary(sql::BinaryOperator op, sql::Expression left, sql::Expression right);
/// All of `operands`; TRUE for none.
sql::Expression And(std::vector<sql::Expression> operands);
/// operand IN (numbers)
sql::Expression InNumbers(sql::Expression operand, const std::vector<std::int64_t>& numbers);
sql::SelectItem Item(sql::Expression value, std::string alias);
/// `query` as a table with the columns `names`; with none, its own.
sql::TableRef AsTable(sql::Query query, std::string alias, std::vector<std::string> names = {});
sql::TableRef AsTable(std::string input, std::string alias);

}  // namespace inlet::ingest::parts
