#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"
#include "formats/json/json_rescue.h"
#include "formats/xml/xml_options.h"
#include "formats/xml/xml_rows_internal.h"
#include "types/column_builder.h"
#include "types/variant.h"

namespace inlet::formats {

/// Turns elements into values of columns. Not thread-safe.
class XmlValues {
 public:
  XmlValues(const XmlOptions& options, const types::TimeZone& zone)
      : options_(options), zone_(zone) {}

  /// Where what finds no place goes, if active.
  JsonRescue rescue;

  /// The fields of `element` into `columns`, one value each; a null column is checked not at all.
  /// Whether all of them fit.
  bool AppendFields(const XmlElement& element, const std::vector<types::StructField>& fields,
                    const std::vector<types::ColumnBuilder*>& columns);
  /// The whole element as a VARIANT.
  Status AppendVariant(const XmlElement& element, types::ColumnBuilder& out);

 private:
  bool AppendElement(const XmlElement& element, const types::DataType& type,
                     types::ColumnBuilder& out);
  bool AppendElements(const std::vector<const XmlElement*>& elements,
                      const types::StructField& field, types::ColumnBuilder& out);
  bool AppendTexts(const std::vector<std::string>& texts, const types::StructField& field,
                   types::ColumnBuilder& out);
  bool AppendMap(const XmlElement& element, const types::DataType& type, types::ColumnBuilder& out);
  bool AppendText(std::string_view text, const types::DataType& type, types::ColumnBuilder& out);
  bool AppendScalar(std::string_view text, const types::DataType& type, types::ColumnBuilder& out);
  int IndexOf(const std::vector<types::StructField>& fields, std::string_view name) const;
  Status AddToVariant(const XmlElement& element, types::VariantBuilder& out) const;
  static void AddTextToVariant(std::string_view text, types::VariantBuilder& out);
  std::string JsonOf(const XmlElement& element) const;

  const XmlOptions& options_;  // Outlives this.
  const types::TimeZone& zone_;
};

}  // namespace inlet::formats
