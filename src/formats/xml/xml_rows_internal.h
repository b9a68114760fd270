#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "formats/compression/byte_stream.h"
#include "formats/xml/xml_options.h"
#include "storage/object_store.h"

namespace inlet::formats {

/// How deep elements may nest; beyond it a document is malformed.
inline constexpr int kMaxXmlDepth = 1000;
/// The text of a document is kept up to this size, for the corrupt-record column.
inline constexpr std::size_t kMaxKeptXmlBytes = std::size_t{64} << 20;
/// One row may take so much; beyond it INLET_RESOURCE_LIMIT.
inline constexpr std::size_t kMaxXmlRowBytes = std::size_t{256} << 20;

/// An element of a row with all in it.
struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< Names with the prefix.
  std::vector<XmlElement> children;
  /// Runs of text between children, those of blanks alone left out.
  std::vector<std::string> texts;

  bool is_leaf() const { return attributes.empty() && children.empty(); }
  std::string text() const { return texts.empty() ? std::string() : texts.front(); }
  /// What stands between the tags, written anew.
  void AppendInner(std::string& out) const;
};

/// The rows of a document, in order, as they come out of the parser.
///
/// External entities are never fetched and declared ones never expanded: a document that declares
/// any is malformed from there. Not thread-safe.
class XmlRows {
 public:
  XmlRows(const XmlOptions& options, std::unique_ptr<ByteStream> stream, std::string path);
  ~XmlRows();
  XmlRows(const XmlRows&) = delete;
  XmlRows& operator=(const XmlRows&) = delete;

  /// Nothing at the end, also when the document turns out to be malformed.
  /// Errors: those of the stream; INLET_RESOURCE_LIMIT.
  Result<std::optional<XmlElement>> Next();
  /// Why the document is malformed; valid once Next() gave nothing.
  const std::optional<std::string>& malformed() const { return malformed_; }
  /// The document so far; cut off at kMaxKeptXmlBytes.
  const std::string& document() const { return document_; }
  /// Reads on to the end, so that document() is all of it.
  Status ReadWholeDocument();

 private:
  class Parser;
  Result<bool> ReadMore();

  const XmlOptions& options_;  // Outlives this.
  std::unique_ptr<ByteStream> stream_;
  const std::string path_;
  std::unique_ptr<Parser> parser_;
  std::deque<XmlElement> rows_;
  std::string document_;
  bool at_end_ = false;
  std::optional<std::string> malformed_;
};

}  // namespace inlet::formats
