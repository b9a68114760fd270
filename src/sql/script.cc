#include "sql/script.h"

#include <cctype>

#include "base/option_map.h"
#include "sql/token.h"

namespace inlet::sql {
namespace {

bool IsBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Counts BEGIN ... END and CASE ... END while the words of one statement go by.
class BlockDepth {
 public:
  void OnWord(std::string_view word) {
    ++num_words_;
    const bool was_end = previous_is_end_;
    previous_is_end_ = false;
    if (num_words_ == 1) {
      is_script_ = EqualsIgnoreCase(word, "BEGIN");
      if (is_script_) depth_ = 1;
      return;
    }
    if (!is_script_) return;
    if (num_words_ == 2 &&
        (EqualsIgnoreCase(word, "TRANSACTION") || EqualsIgnoreCase(word, "WORK"))) {
      is_script_ = false;
      depth_ = 0;
      return;
    }
    // END IF, END WHILE, ... close what was not counted; END CASE closes a CASE.
    for (const std::string_view loop : {"IF", "WHILE", "FOR", "LOOP", "REPEAT"}) {
      if (was_end && EqualsIgnoreCase(word, loop)) ++depth_;
    }
    if (EqualsIgnoreCase(word, "BEGIN") || (!was_end && EqualsIgnoreCase(word, "CASE"))) ++depth_;
    if (EqualsIgnoreCase(word, "END")) {
      --depth_;
      previous_is_end_ = true;
    }
  }

  /// `BEGIN;` alone starts a transaction elsewhere; it opens no block.
  bool IsInside() const { return is_script_ && depth_ > 0 && num_words_ > 1; }

 private:
  int depth_ = 0;
  int num_words_ = 0;
  bool is_script_ = false;
  bool previous_is_end_ = false;
};

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<ScriptPart> Run() {
    while (position_ < text_.size()) Step();
    Close(/*is_complete=*/false);
    return std::move(parts_);
  }

 private:
  void Step() {
    const char c = text_[position_];
    const SkippedText skipped = SkipQuotedOrComment(text_, position_);
    if (skipped.end > position_) {
      if (!skipped.is_comment) Include(skipped.end);
      // An open comment holds back what follows, so it is not complete.
      if (skipped.is_comment && !skipped.is_closed) Include(skipped.end);
      position_ = skipped.end;
    } else if (c == ';' && !depth_.IsInside()) {
      Close(/*is_complete=*/true);
      ++position_;
    } else if (IsWordByte(c)) {
      std::size_t end = position_;
      while (end < text_.size() && IsWordByte(text_[end])) ++end;
      Include(end);
      depth_.OnWord(text_.substr(position_, end - position_));
      position_ = end;
    } else {
      if (!IsBlank(c)) Include(position_ + 1);
      ++position_;
    }
  }

  /// The statement goes from its first byte to `end`.
  void Include(std::size_t end) {
    if (!is_open_) begin_ = position_;
    is_open_ = true;
    end_ = end;
  }

  void Close(bool is_complete) {
    if (is_open_) {
      parts_.push_back(
          {.span = {static_cast<std::uint32_t>(begin_), static_cast<std::uint32_t>(end_)},
           .is_complete = is_complete});
    }
    is_open_ = false;
    depth_ = BlockDepth();
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool is_open_ = false;
  BlockDepth depth_;
  std::vector<ScriptPart> parts_;
};

}  // namespace

std::vector<ScriptPart> SplitStatements(std::string_view text) { return Splitter(text).Run(); }

bool IsComplete(std::string_view text) {
  const std::vector<ScriptPart> parts = SplitStatements(text);
  return parts.empty() || parts.back().is_complete;
}

}  // namespace inlet::sql
