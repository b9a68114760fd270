#include <gtest/gtest.h>

#include <atomic>

#include "base/testing.h"
#include "storage/http/remote_reader.h"
#include "storage/http/service_error.h"
#include "storage/http/service_time.h"
#include "storage/http/xml_tree.h"

namespace inlet::storage {
namespace {

TEST(XmlTree, ReadsElementsAndEntities) {
  const XmlElement root =
      Value(ParseXml("<?xml version=\"1.0\"?><A xmlns='u'><B>x &amp; &#228;</B>"
                     "<B>2</B><C/></A>"));
  EXPECT_EQ(root.name, "A");
  EXPECT_EQ(root.Text("B"), "x & ä");
  EXPECT_EQ(root.children.size(), 3u);
  EXPECT_EQ(root.Text("missing"), "");
}

TEST(XmlTree, RefusesWhatCouldBlowUp) {
  EXPECT_THAT(ParseXml("<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>"),
              FailsWith(Condition::STORAGE_UNAVAILABLE));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_THAT(ParseXml(deep), FailsWith(Condition::STORAGE_UNAVAILABLE));
  for (const char* text : {"", "no", "<a>", "<a></b>", "{}", "<a/><b/>"}) {
    EXPECT_THAT(ParseXml(text), FailsWith(Condition::STORAGE_UNAVAILABLE)) << text;
  }
}

TEST(XmlTree, EscapedTextComesBack) {
  const std::string text = "a<b>&\"'ä";
  EXPECT_EQ(Value(ParseXml("<a>" + XmlEscape(text) + "</a>")).text, text);
}

TEST(ServiceTime, TheFormsOfTheServices) {
  constexpr std::int64_t kTimeMs = 1'795'356'497'000;
  EXPECT_EQ(FormatCompactTime(kTimeMs), "20261122T140817Z");
  EXPECT_EQ(FormatHttpTime(kTimeMs), "Sun, 22 Nov 2026 14:08:17 GMT");
  EXPECT_EQ(ParseHttpTimeMs(FormatHttpTime(kTimeMs)), kTimeMs);
  EXPECT_EQ(ParseIsoTimeMs("2026-11-22T14:08:17Z"), kTimeMs);
  EXPECT_EQ(ParseIsoTimeMs("2026-11-22T14:08:17.5Z"), kTimeMs + 500);
  EXPECT_EQ(ParseIsoTimeMs("2026-11-22T14:08:17.123456Z"), kTimeMs + 123);
}

TEST(ServiceTime, WhatIsNoTimeIsNothing) {
  for (const char* text : {"", "2026-11-22", "2026-13-22T14:08:17Z", "2026-11-22T14:08:17+01:00",
                           "2026-11-22T99:08:17Z", "2026-11-22T14:08:17.xZ"}) {
    EXPECT_EQ(ParseIsoTimeMs(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseHttpTimeMs("Sun, 22 Xyz 2026 14:08:17 GMT"), std::nullopt);
}

TEST(ServiceError, SecretsOfTheAnswerStayOut) {
  const HttpResponse response{.status = 403, .body = "<Error><StringToSign>hunter2"};
  const Error error = FailService(response, {.code = "SignatureDoesNotMatch"}, "s3://b/x").error();
  EXPECT_EQ(error.condition, Condition::PERMISSION_DENIED);
  EXPECT_THAT(ToString(error), testing::HasSubstr("s3://b/x: status 403, SignatureDoesNotMatch"));
}

TEST(RemoteReader, ALongRangeIsFetchedInPartsThatMakeTheWhole) {
  std::string bytes(40 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(i * 2654435761u >> 24);
  std::atomic<int> num_fetches = 0;
  const RemoteReader reader({.path = "x", .size_bytes = std::ssize(bytes)},
                            [&](ByteRange range, char* out) -> Status {
                              ++num_fetches;
                              bytes.copy(out, static_cast<std::size_t>(range.length),
                                         static_cast<std::size_t>(range.position));
                              return Ok();
                            });
  std::string read(bytes.size(), '\0');
  EXPECT_EQ(Value(reader.ReadAt({.position = 3, .length = std::ssize(bytes)}, read.data())),
            std::ssize(bytes) - 3);
  read.resize(bytes.size() - 3);
  EXPECT_TRUE(read == bytes.substr(3));
  EXPECT_EQ(num_fetches, 4);
}

TEST(RemoteReader, OneFailedPartFailsTheRead) {
  const RemoteReader reader({.path = "x", .size_bytes = 40 << 20},
                            [&](ByteRange range, char*) -> Status {
                              if (range.position == 0) return Ok();
                              return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", "x"}});
                            });
  std::string read(40 << 20, '\0');
  EXPECT_THAT(reader.ReadAt({.position = 0, .length = 40 << 20}, read.data()),
              FailsWith(Condition::STORAGE_UNAVAILABLE));
}

}  // namespace
}  // namespace inlet::storage
