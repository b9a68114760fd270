#pragma once

#include <string>

#include "sql/function_table.h"

/// The calls of the function table that no template can write: those with lambdas, names, units, or
/// a condition of their own on an aggregate's rows.
namespace inlet::sql {

Result<std::string> PrintAggregateArray(const PrintedCall& call);
Result<std::string> PrintArraySort(const PrintedCall& call);
Result<std::string> PrintAssertTrue(const PrintedCall& call);
Result<std::string> PrintCollation(const PrintedCall& call);
Result<std::string> PrintCollect(const PrintedCall& call);
Result<std::string> PrintCount(const PrintedCall& call);
Result<std::string> PrintDateAdd(const PrintedCall& call);
Result<std::string> PrintDateDiff(const PrintedCall& call);
Result<std::string> PrintExists(const PrintedCall& call);
Result<std::string> PrintExtract(const PrintedCall& call);
Result<std::string> PrintExtremeBy(const PrintedCall& call);
Result<std::string> PrintFilter(const PrintedCall& call);
Result<std::string> PrintFirst(const PrintedCall& call);
Result<std::string> PrintListAgg(const PrintedCall& call);
Result<std::string> PrintMapFilter(const PrintedCall& call);
Result<std::string> PrintMapZipWith(const PrintedCall& call);
Result<std::string> PrintMode(const PrintedCall& call);
Result<std::string> PrintNthValue(const PrintedCall& call);
Result<std::string> PrintPercentile(const PrintedCall& call);
Result<std::string> PrintSortArray(const PrintedCall& call);
Result<std::string> PrintStruct(const PrintedCall& call);
Result<std::string> PrintTimeType(const PrintedCall& call);
Result<std::string> PrintTransform(const PrintedCall& call);
Result<std::string> PrintTransformMap(const PrintedCall& call);
Result<std::string> PrintTrim(const PrintedCall& call);
Result<std::string> PrintZipWith(const PrintedCall& call);
/// Functions of Databricks that are not done.
Result<std::string> PrintUnsupported(const PrintedCall& call);

}  // namespace inlet::sql
