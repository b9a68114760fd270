#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace inlet::engine::functions {

/// What a function compiles from a text argument (a pattern, a regular expression), kept for the
/// next rows. One for each thread; forgets all when it is full.
template <class T>
class CompiledCache {
 public:
  template <class Compile>
  const T& Get(std::string_view text, Compile compile) {
    if (last_ && text == last_text_) return *last_;
    auto found = entries_.find(std::string(text));
    if (found == entries_.end()) {
      if (entries_.size() >= kMaxEntries) entries_.clear();
      last_ = nullptr;
      found = entries_.emplace(std::string(text), std::make_unique<T>(compile(text))).first;
    }
    last_text_ = found->first;
    last_ = found->second.get();
    return *last_;
  }

 private:
  static constexpr std::size_t kMaxEntries = 256;
  std::unordered_map<std::string, std::unique_ptr<T>> entries_;
  std::string last_text_;
  const T* last_ = nullptr;
};

}  // namespace inlet::engine::functions
