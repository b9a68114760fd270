#include "storage/http/xml_tree.h"

#include <expat.h>

#include <algorithm>
#include <memory>

namespace inlet::storage {
namespace {

constexpr std::size_t kMaxDepth = 32;

std::unexpected<Error> FailXml(std::string_view why) {
  return Fail(Condition::STORAGE_UNAVAILABLE,
              {{"message", "the answer of the service is not XML: " + std::string(why)}});
}

/// Expat's callbacks, building the tree below root_.
class Builder {
 public:
  Result<XmlElement> Parse(std::string_view text) {
    const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
        XML_ParserCreate("UTF-8"), &XML_ParserFree);
    if (parser == nullptr) return FailXml("no memory");
    parser_ = parser.get();
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(parser_, &OnStart, &OnEnd);
    XML_SetCharacterDataHandler(parser_, &OnText);
    XML_SetStartDoctypeDeclHandler(parser_, &OnDoctype);
    if (text.size() > kMaxBytes) return FailXml("it is larger than 16 MiB");
    if (XML_Parse(parser_, text.data(), static_cast<int>(text.size()), 1) != XML_STATUS_OK) {
      return FailXml(refused_.empty() ? XML_ErrorString(XML_GetErrorCode(parser_)) : refused_);
    }
    return std::move(root_.children.at(0));
  }

 private:
  static constexpr std::size_t kMaxBytes = 16 << 20;

  static void OnStart(void* self, const char* name, const char**) {
    static_cast<Builder*>(self)->Start(name);
  }
  static void OnEnd(void* self, const char*) { static_cast<Builder*>(self)->path_.pop_back(); }
  static void OnText(void* self, const char* text, int size) {
    static_cast<Builder*>(self)->path_.back()->text.append(text, static_cast<std::size_t>(size));
  }
  static void OnDoctype(void* self, const char*, const char*, const char*, int) {
    static_cast<Builder*>(self)->Refuse("it has a DTD");
  }

  void Start(const char* name) {
    if (path_.size() > kMaxDepth) return Refuse("it is nested too deeply");
    // The parents of the new element are on path_ and do not grow any more while it is open.
    XmlElement& element = path_.back()->children.emplace_back();
    element.name = name;
    path_.push_back(&element);
  }

  void Refuse(std::string_view why) {
    refused_ = why;
    XML_StopParser(parser_, XML_FALSE);
  }

  XML_Parser parser_ = nullptr;
  XmlElement root_;
  std::vector<XmlElement*> path_ = {&root_};
  std::string_view refused_;
};

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::Text(std::string_view child_name) const {
  const XmlElement* const child = Child(child_name);
  return child == nullptr ? std::string_view() : child->text;
}

Result<XmlElement> ParseXml(std::string_view text) { return Builder().Parse(text); }

std::string XmlEscape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace inlet::storage
