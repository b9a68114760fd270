#include <charconv>

#include "base/option_map.h"
#include "sql/parser_internal.h"

// OPTIMIZE, VACUUM, RESTORE, REORG, CONVERT, ANALYZE, FSCK and MSCK REPAIR, GENERATE.
namespace inlet::sql {

Result<Statement> Parser::ParseOptimize() {
  const std::size_t begin = position();
  Optimize optimize;
  TRY(Expect("OPTIMIZE"));
  if (Sees("TABLE") && SeesName(1)) Skip();
  optimize.name = TRY(ObjectOrPath());
  optimize.is_full = Accept("FULL");
  if (Accept("WHERE")) optimize.where = TRY(ParseExpression());
  if (AcceptAll({"ZORDER", "BY"})) {
    const bool has_bracket = Accept("(");
    do {
      optimize.zorder_by.push_back(TRY(Path()));
    } while (Accept(","));
    if (has_bracket) TRY(Expect(")"));
  }
  optimize.span = SpanFrom(begin);
  return Statement{std::move(optimize)};
}

Result<Statement> Parser::ParseVacuum() {
  const std::size_t begin = position();
  Vacuum vacuum;
  TRY(Expect("VACUUM"));
  if (Sees("TABLE") && SeesName(1)) Skip();
  if (SeesText()) {
    vacuum.path = TRY(Text());
  } else {
    vacuum.name = TRY(Object());
  }
  while (true) {
    if (Accept("LITE")) {
      vacuum.is_lite = true;
    } else if (Accept("FULL")) {
      vacuum.is_lite = false;
    } else if (Accept("RETAIN")) {
      double hours = 0;
      const std::string_view digits = TextOf(Peek());
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), hours);
      if (error != std::errc() || stop != digits.data() + digits.size()) {
        return Unexpected("a number of hours");
      }
      Skip();
      if (!Accept("HOUR")) TRY(Expect("HOURS"));
      vacuum.retain_hours = hours;
    } else if (AcceptAll({"DRY", "RUN"})) {
      vacuum.dry_run = true;
    } else if (AcceptAll({"USING", "INVENTORY"})) {
      // Without an alias: DRY would be one.
      const std::size_t table_begin = position();
      if (Accept("(")) {
        Query query = TRY(ParseQuery());
        TRY(Expect(")"));
        vacuum.inventory = TRY(MakeTable(SubqueryTable{.query = std::move(query)}, table_begin));
      } else {
        vacuum.inventory = TRY(MakeTable(NamedTable{.name = TRY(Object())}, table_begin));
      }
    } else {
      break;
    }
  }
  vacuum.span = SpanFrom(begin);
  return Statement{std::move(vacuum)};
}

Result<Statement> Parser::ParseRestore() {
  const std::size_t begin = position();
  Restore restore;
  TRY(Expect("RESTORE"));
  if (Sees("TABLE") && SeesName(1)) Skip();
  restore.name = TRY(ObjectOrPath());
  (void)Accept("TO");
  auto travel = TRY(ParseTimeTravel());
  if (!travel) return Unexpected("VERSION AS OF or TIMESTAMP AS OF");
  restore.to = *std::move(travel);
  restore.span = SpanFrom(begin);
  return Statement{std::move(restore)};
}

/// REORG TABLE name [WHERE predicate] APPLY (PURGE | UPGRADE UNIFORM (...))
Result<Statement> Parser::ParseReorg() {
  const std::size_t begin = position();
  Reorg reorg;
  TRY(ExpectAll({"REORG", "TABLE"}));
  reorg.name = TRY(ObjectOrPath());
  if (Accept("WHERE")) reorg.where = TRY(ParseExpression());
  TRY(ExpectAll({"APPLY", "("}));
  reorg.is_purge = Accept("PURGE");
  if (!reorg.is_purge) {
    TRY(ExpectAll({"UPGRADE", "UNIFORM"}));
    reorg.uniform = TRY(BracketedProperties());
  }
  TRY(Expect(")"));
  reorg.span = SpanFrom(begin);
  return Statement{std::move(reorg)};
}

Result<Statement> Parser::ParseConvert() {
  const std::size_t begin = position();
  ConvertToDelta convert;
  TRY(ExpectAll({"CONVERT", "TO", "DELTA"}));
  convert.name = TRY(Object());
  while (true) {
    if (AcceptAll({"NO", "STATISTICS"})) {
      convert.no_statistics = true;
    } else if (Sees("PARTITIONED")) {
      convert.partitioned_by = TRY(ParsePartitionedBy());
    } else {
      break;
    }
  }
  convert.span = SpanFrom(begin);
  return Statement{std::move(convert)};
}

Result<Statement> Parser::ParseAnalyze() {
  const std::size_t begin = position();
  AnalyzeTable analyze;
  TRY(ExpectAll({"ANALYZE", "TABLE"}));
  analyze.name = TRY(Object());
  if (Sees("PARTITION")) TRY(ParsePartitionSpec());
  TRY(Expect("COMPUTE"));
  analyze.is_delta = Accept("DELTA");
  TRY(Expect("STATISTICS"));
  analyze.no_scan = Accept("NOSCAN");
  if (Accept("FOR")) {
    analyze.all_columns = Accept("ALL");
    TRY(Expect("COLUMNS"));
    if (!analyze.all_columns) analyze.columns = TRY(NameList());
  }
  analyze.span = SpanFrom(begin);
  return Statement{std::move(analyze)};
}

/// FSCK REPAIR TABLE name [DRY RUN], MSCK REPAIR TABLE name
Result<Statement> Parser::ParseRepair() {
  const std::size_t begin = position();
  RepairTable repair;
  repair.is_fsck = Accept("FSCK");
  if (!repair.is_fsck) TRY(Expect("MSCK"));
  TRY(ExpectAll({"REPAIR", "TABLE"}));
  repair.name = TRY(Object());
  repair.dry_run = AcceptAll({"DRY", "RUN"});
  if (!AcceptAll({"SYNC", "PARTITIONS"}) && !AcceptAll({"ADD", "PARTITIONS"})) {
    (void)AcceptAll({"DROP", "PARTITIONS"});
  }
  repair.span = SpanFrom(begin);
  return Statement{std::move(repair)};
}

Result<Statement> Parser::ParseGenerate() {
  const std::size_t begin = position();
  GenerateManifest generate;
  TRY(Expect("GENERATE"));
  generate.mode = TRY(Name());
  TRY(ExpectAll({"FOR", "TABLE"}));
  generate.name = TRY(ObjectOrPath());
  generate.span = SpanFrom(begin);
  return Statement{std::move(generate)};
}

}  // namespace inlet::sql
