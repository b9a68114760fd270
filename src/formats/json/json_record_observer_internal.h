#pragma once

#include "formats/json/json_observer_internal.h"
#include "formats/json/json_records_internal.h"

namespace inlet::formats {

/// Compares whole records with what is known of them. Not thread-safe.
class JsonRecordObserver {
 public:
  enum class News : std::uint8_t { kNone, kNew, kMalformed };

  /// `root` is an object's shape. With `learn` it takes in all that is new; without, it is only
  /// looked at, and a record with news may turn out to be malformed further on. All outlive this.
  JsonRecordObserver(const JsonOptions& options, const types::TimeZone& zone, JsonShape& root,
                     bool learn)
      : options_(options), zone_(zone), root_(root), learn_(learn) {}

  /// `used` gets the tokens behind the record's first value, where they are known.
  News Observe(const JsonRecord& record, const std::uint32_t*& used) {
    if (record.tokens != nullptr) {
      const auto make = [&] {
        return types::JsonCursor(record.base, record.tokens, options_.syntax);
      };
      const char* end = record.text.data() + record.text.size();
      const News news = ObserveWith(make, [&](types::JsonCursor& cursor) {
        if (record.base + cursor.tokens()[-1] >= end) return false;
        used = cursor.tokens();
        return true;
      });
      if (news != News::kMalformed) return news;
    } else if (!IsValidUtf8(record.text)) {
      return News::kMalformed;
    }
    const auto make = [&] { return types::RelaxedJsonCursor(record.text, options_.syntax); };
    return ObserveWith(make, [](types::RelaxedJsonCursor&) { return true; });
  }

 private:
  /// `is_inside` tells whether a cursor has stayed inside of the record.
  template <class Make, class IsInside>
  News ObserveWith(const Make& make, const IsInside& is_inside) {
    auto cursor = make();
    const types::JsonKind kind = cursor.Peek();
    if (kind != types::JsonKind::kObject && kind != types::JsonKind::kArray) {
      const bool is_null = kind == types::JsonKind::kNull && cursor.Skip() && is_inside(cursor);
      return is_null ? News::kNone : News::kMalformed;
    }
    const News news = ObserveRows(cursor, kind, /*learn=*/false);
    if (news == News::kNone) return is_inside(cursor) ? news : News::kMalformed;
    if (news == News::kMalformed || !learn_) return news;
    auto checker = make();
    if (!checker.Skip() || !is_inside(checker)) return News::kMalformed;
    auto learner = make();
    return ObserveRows(learner, kind, /*learn=*/true);
  }

  template <class Cursor>
  News ObserveRows(Cursor& cursor, types::JsonKind kind, bool learn) {
    JsonObserver<Cursor> observer(cursor, options_, zone_);
    if (kind == types::JsonKind::kObject) return NewsOf<Cursor>(observer.Observe(root_, learn));
    if (!cursor.BeginArray()) return News::kMalformed;
    News news = News::kNone;
    for (types::JsonStep step = cursor.FirstElement(); step != types::JsonStep::kEnd;
         step = cursor.NextElement()) {
      if (step == types::JsonStep::kError || cursor.Peek() != types::JsonKind::kObject) {
        return News::kMalformed;
      }
      const News row = NewsOf<Cursor>(observer.Observe(root_, learn));
      if (row == News::kMalformed || (row == News::kNew && !learn)) return row;
      if (row == News::kNew) news = row;
    }
    return news;
  }

  template <class Cursor>
  static News NewsOf(typename JsonObserver<Cursor>::Found found) {
    using Found = typename JsonObserver<Cursor>::Found;
    if (found == Found::kNothing) return News::kNone;
    return found == Found::kNew ? News::kNew : News::kMalformed;
  }

  const JsonOptions& options_;
  const types::TimeZone& zone_;
  JsonShape& root_;
  const bool learn_;
};

}  // namespace inlet::formats
