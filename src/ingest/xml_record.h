#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace inlet::ingest {

/// How rows become XML. Source: Spark, "XML Files", its options for writing.
struct XmlRecordOptions {
  std::string row_tag = "ROW";
  std::string attribute_prefix = "_";
  std::string value_tag = "_VALUE";
  std::string array_element_name = "item";
};

/// Appends a row, given as a JSON object without its NULL fields: fields are elements, lists
/// repeated elements, names that begin with the prefix attributes.
/// Errors: INVALID_PARAMETER_VALUE for a name that no element can have.
Status AppendXmlRecord(std::string_view json, const XmlRecordOptions& options, std::string& out);

}  // namespace inlet::ingest
