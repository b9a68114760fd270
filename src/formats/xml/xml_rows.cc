#include <expat.h>

#include "formats/xml/xml_rows_internal.h"

namespace inlet::formats {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

void XmlElement::AppendInner(std::string& out) const {
  for (const std::string& run : texts) AppendEscaped(run, out);
  for (const XmlElement& child : children) {
    out += '<';
    out += child.name;
    for (const auto& [key, value] : child.attributes) {
      out += ' ';
      out += key;
      out += "=\"";
      AppendEscaped(value, out);
      out += '"';
    }
    out += '>';
    child.AppendInner(out);
    out += "</";
    out += child.name;
    out += '>';
  }
}

/// expat's handle and what its callbacks build.
class XmlRows::Parser {
 public:
  Parser(const XmlOptions& options, std::deque<XmlElement>& rows)
      : options_(options),
        rows_(rows),
        parser_(XML_ParserCreate(options.encoding ? "UTF-8" : nullptr)) {
    if (parser_ == nullptr) return;
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, OnStart, OnEnd);
    XML_SetCharacterDataHandler(parser_, OnText);
    XML_SetEntityDeclHandler(parser_, OnEntity);
    XML_SetSkippedEntityHandler(parser_, OnSkippedEntity);
  }
  ~Parser() { XML_ParserFree(parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// False when the document is malformed here.
  bool Parse(std::string_view bytes, bool last) {
    if (parser_ == nullptr) return false;
    return XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), last ? 1 : 0) ==
               XML_STATUS_OK &&
           refusal_.empty();
  }
  bool row_too_large() const { return row_bytes_ > kMaxXmlRowBytes; }
  std::string reason() const {
    if (!refusal_.empty()) return refusal_;
    if (parser_ == nullptr) return "there is no memory to parse it";
    return std::string(XML_ErrorString(XML_GetErrorCode(parser_))) + " in line " +
           std::to_string(XML_GetCurrentLineNumber(parser_));
  }

 private:
  static Parser& Self(void* user) { return *static_cast<Parser*>(user); }

  static void OnStart(void* user, const XML_Char* name, const XML_Char** attributes) {
    Self(user).Start(name, attributes);
  }
  static void OnEnd(void* user, const XML_Char*) { Self(user).End(); }
  static void OnText(void* user, const XML_Char* text, int length) {
    Self(user).Text({text, static_cast<std::size_t>(length)});
  }
  static void OnEntity(void* user, const XML_Char*, int, const XML_Char*, int, const XML_Char*,
                       const XML_Char*, const XML_Char*, const XML_Char*) {
    Self(user).Refuse("it declares an entity");
  }
  static void OnSkippedEntity(void* user, const XML_Char*, int) {
    Self(user).Refuse("it refers to an entity that is not declared");
  }

  void Refuse(std::string reason) {
    if (refusal_.empty()) refusal_ = std::move(reason);
    XML_StopParser(parser_, XML_FALSE);
  }

  std::string NameOf(std::string_view name) const {
    if (!options_.ignore_namespace) return std::string(name);
    const std::size_t colon = name.rfind(':');
    return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
  }

  void Start(const XML_Char* raw_name, const XML_Char** attributes) {
    if (++depth_ > kMaxXmlDepth) return Refuse("its elements nest too deep");
    std::string name = NameOf(raw_name);
    if (open_.empty() && !options_.row_tag.empty() && name != options_.row_tag) return;
    FinishText();
    XmlElement element{.name = std::move(name)};
    for (; *attributes != nullptr; attributes += 2) {
      const std::string_view attribute = attributes[0];
      if (options_.exclude_attributes) continue;
      if (options_.ignore_namespace && attribute.starts_with("xmlns")) continue;
      row_bytes_ += attribute.size() + std::string_view(attributes[1]).size();
      element.attributes.emplace_back(options_.attribute_prefix + NameOf(attribute), attributes[1]);
    }
    row_bytes_ += sizeof(XmlElement) + element.name.size();
    if (row_too_large()) return Refuse("a row is too large");
    open_.push_back(std::move(element));
  }

  void Text(std::string_view text) {
    if (open_.empty()) return;
    text_ += text;
    row_bytes_ += text.size();
    if (row_too_large()) Refuse("a row is too large");
  }

  void FinishText() {
    if (!open_.empty() && !text_.empty()) {
      // Blanks between elements say nothing; those that are all of a leaf may.
      const std::string_view kept =
          options_.ignore_surrounding_spaces ? Trim(text_) : std::string_view(text_);
      if (!IsBlank(kept)) open_.back().texts.emplace_back(kept);
    }
    text_.clear();
  }

  void End() {
    --depth_;
    if (open_.empty()) return;
    const bool blank_leaf = open_.back().children.empty() && open_.back().texts.empty() &&
                            !text_.empty() && IsBlank(text_);
    if (blank_leaf && !options_.ignore_surrounding_spaces) open_.back().texts.push_back(text_);
    FinishText();
    XmlElement element = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      rows_.push_back(std::move(element));
      row_bytes_ = 0;
    } else {
      open_.back().children.push_back(std::move(element));
    }
  }

  const XmlOptions& options_;
  std::deque<XmlElement>& rows_;
  XML_Parser parser_;
  std::vector<XmlElement> open_;  // From the row inwards.
  std::string text_;
  int depth_ = 0;
  std::size_t row_bytes_ = 0;
  std::string refusal_;
};

XmlRows::XmlRows(const XmlOptions& options, std::unique_ptr<ByteStream> stream, std::string path)
    : options_(options),
      stream_(std::move(stream)),
      path_(std::move(path)),
      parser_(std::make_unique<Parser>(options, rows_)) {}

XmlRows::~XmlRows() = default;

/// One more chunk. False at the end of the document.
Result<bool> XmlRows::ReadMore() {
  if (at_end_) return false;
  std::string chunk(kChunkBytes, '\0');
  const std::size_t read = TRY(stream_->Read(std::span(chunk.data(), chunk.size())));
  chunk.resize(read);
  at_end_ = read < kChunkBytes;
  if (document_.size() < kMaxKeptXmlBytes) document_ += chunk;
  if (malformed_) return true;
  const bool blank = at_end_ && IsBlank(document_);
  if (!blank && !parser_->Parse(chunk, at_end_)) {
    if (parser_->row_too_large()) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "A row of " + path_ + " is too large"},
                   {"limit", std::to_string(kMaxXmlRowBytes) + " bytes"}});
    }
    malformed_ = parser_->reason();
  }
  return true;
}

Result<std::optional<XmlElement>> XmlRows::Next() {
  while (rows_.empty()) {
    if (malformed_ || !TRY(ReadMore())) return std::nullopt;
  }
  XmlElement row = std::move(rows_.front());
  rows_.pop_front();
  return row;
}

Status XmlRows::ReadWholeDocument() {
  while (document_.size() < kMaxKeptXmlBytes && TRY(ReadMore())) {
  }
  return Ok();
}

}  // namespace inlet::formats
