#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/xml/xml_options.h"
#include "formats/xml/xml_rows_internal.h"
#include "types/data_type.h"

namespace inlet::formats {

/// What is known of the elements or attributes at one place: the lattice of XML's inference.
/// Source: measured on Apache Spark 4.1; reference read_files.md 3.6.
class XmlShape {
 public:
  enum class Kind : std::uint8_t {
    kNull,
    kLong,
    kDouble,
    kBoolean,
    kDate,
    kTimestamp,
    kString,
    kStruct,
  };

  /// Takes in one row.
  void AddRow(const XmlElement& row, const XmlOptions& options, const types::TimeZone& zone);
  void Merge(const XmlShape& other, const XmlOptions& options);
  std::vector<types::StructField> ToFields(const XmlOptions& options) const;

 private:
  static XmlShape OfText(std::string_view text, const XmlOptions& options,
                         const types::TimeZone& zone);
  static XmlShape OfElement(const XmlElement& element, const XmlOptions& options,
                            const types::TimeZone& zone, int depth);
  void AddFields(const XmlElement& element, const XmlOptions& options, const types::TimeZone& zone,
                 int depth);
  void AddScalar(Kind kind);
  types::DataType ToType(const XmlOptions& options) const;

  Kind kind_ = Kind::kNull;
  bool repeated_ = false;  ///< An ARRAY of the kind.
  std::map<std::string, XmlShape> fields_;
};

}  // namespace inlet::formats
