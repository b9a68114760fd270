#include "base/option_map.h"
#include "sql/parser_internal.h"

namespace inlet::sql {

/// COPY INTO target [BY POSITION | (columns)] FROM source FILEFORMAT = format and clauses in any
/// order
Result<Statement> Parser::ParseCopyInto() {
  const std::size_t begin = position();
  CopyInto copy;
  TRY(ExpectAll({"COPY", "INTO"}));
  copy.target = TRY(ParseNamedTable());
  copy.by_position = AcceptAll({"BY", "POSITION"});
  if (!copy.by_position && Sees("(")) copy.columns = TRY(BracketedNames());
  TRY(Expect("FROM"));
  TRY(ParseCopySource(copy));
  while (TRY(ParseCopyClause(copy))) {
  }
  if (copy.file_format.empty()) return Unexpected("FILEFORMAT");
  copy.span = SpanFrom(begin);
  return Statement{std::move(copy)};
}

Status Parser::ParseCopySource(CopyInto& copy) {
  if (Sees("(")) return ParseCopyQuery(copy);
  const std::size_t begin = position();
  copy.from_path = TRY(Text());
  copy.path_span = SpanFrom(begin);
  if (Sees("WITH")) TRY(ParseCopyCredential(copy));
  return Ok();
}

/// (SELECT items FROM 'path' [WITH (...)]); the query reads InputRef CopyInto::kSourceInput.
Status Parser::ParseCopyQuery(CopyInto& copy) {
  TRY(Expect("("));
  const std::size_t begin = position();
  TRY(Expect("SELECT"));
  Select select;
  select.is_distinct = Accept("DISTINCT");
  do {
    select.items.push_back(TRY(ParseSelectItem()));
  } while (Accept(","));
  TRY(Expect("FROM"));
  const std::size_t path_begin = position();
  copy.from_path = TRY(Text());
  copy.path_span = SpanFrom(path_begin);
  if (Sees("WITH")) TRY(ParseCopyCredential(copy));
  TableRef source = TRY(MakeTable(InputRef{.name = CopyInto::kSourceInput}, path_begin));
  TRY(ParseTableAlias(source));
  select.from = std::move(source);
  TRY(ParseSelectClauses(select));
  copy.query = TRY(FinishQuery(Wrap(std::move(select)), begin));
  return Expect(")");
}

/// WITH ([CREDENTIAL { name | (...) }] [ENCRYPTION (...)])
Status Parser::ParseCopyCredential(CopyInto& copy) {
  TRY(ExpectAll({"WITH", "("}));
  if (Accept("CREDENTIAL")) {
    if (Sees("(")) {
      copy.temporary_credentials = TRY(BracketedProperties());
    } else {
      copy.credential = TRY(Name());
    }
  }
  (void)Accept(",");
  if (Accept("ENCRYPTION")) copy.encryption = TRY(BracketedProperties());
  return Expect(")");
}

Result<OptionMap> Parser::ParseOptionMap() {
  const std::size_t begin = position();
  OptionMap options;
  for (auto& [key, value] : TRY(BracketedProperties())) {
    if (!options.emplace(key, std::move(value)).second) {
      return ErrorAt(SpanFrom(begin), "The option '" + key + "' is given twice.");
    }
  }
  return options;
}

/// One clause behind the source; false when none stands here.
Result<bool> Parser::ParseCopyClause(CopyInto& copy) {
  const std::size_t begin = position();
  const auto only_once = [&](bool is_first) -> Status {
    if (is_first) return Ok();
    return ErrorAt(SpanFrom(begin), "The clause is given twice.");
  };
  if (Accept("FILEFORMAT") || Accept("FILE_FORMAT")) {
    TRY(only_once(copy.file_format.empty()));
    TRY(Expect("="));
    copy.file_format = SeesText() ? TRY(Text()) : TRY(Name());
  } else if (Accept("VALIDATE")) {
    TRY(only_once(!copy.validate));
    copy.validate = true;
    if (Peek().kind == TokenKind::kNumber || Sees("-")) {
      copy.validate_rows = TRY(Integer());
      TRY(Expect("ROWS"));
    } else {
      (void)Accept("ALL");
    }
  } else if (Accept("FILES")) {
    TRY(only_once(copy.files.empty()));
    TRY(ExpectAll({"=", "("}));
    do {
      copy.files.push_back(TRY(Text()));
    } while (Accept(","));
    TRY(Expect(")"));
  } else if (Accept("PATTERN")) {
    TRY(only_once(!copy.pattern));
    TRY(Expect("="));
    copy.pattern = TRY(Text());
  } else if (Accept("FORMAT_OPTIONS")) {
    TRY(only_once(copy.format_options.empty()));
    copy.format_options = TRY(ParseOptionMap());
  } else if (Accept("COPY_OPTIONS")) {
    TRY(only_once(copy.copy_options.empty()));
    copy.copy_options = TRY(ParseOptionMap());
  } else {
    return false;
  }
  return true;
}

}  // namespace inlet::sql
