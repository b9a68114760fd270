#include "storage/s3/aws_signature.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace inlet::storage {
namespace {

// The examples of "Signature Calculations for the Authorization Header" in the S3 manual.
const AwsCredentials kCredentials{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                  .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const AwsScope kScope{
    .region = "us-east-1", .service = "s3", .now_ms = std::int64_t{1'369'353'600'000}};
constexpr const char* kHost = "examplebucket.s3.amazonaws.com";

std::string SignatureOf(const AwsRequest& request) {
  const std::string authorization = SignAwsRequest(request, kCredentials, kScope).back().second;
  return authorization.substr(authorization.find("Signature=") + 10);
}

TEST(AwsSignature, OfAGetWithARange) {
  EXPECT_EQ(SignatureOf({.method = "GET",
                         .host = kHost,
                         .path = "/test.txt",
                         .headers = {{"range", "bytes=0-9"}}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsSignature, OfAQueryWithoutAValue) {
  EXPECT_EQ(SignatureOf({.method = "GET", .host = kHost, .query = {{"lifecycle", ""}}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(AwsSignature, OfAListing) {
  EXPECT_EQ(
      SignatureOf({.method = "GET", .host = kHost, .query = {{"prefix", "J"}, {"max-keys", "2"}}}),
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, OfAPutWithABody) {
  EXPECT_EQ(SignatureOf({.method = "PUT",
                         .host = kHost,
                         .path = "/test$file.text",
                         .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                         .body = "Welcome to Amazon S3."}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsSignature, ASessionTokenIsSignedAndSent) {
  AwsCredentials credentials = kCredentials;
  credentials.session_token = "token";
  const HttpHeaders headers = SignAwsRequest({.method = "GET", .host = kHost}, credentials, kScope);
  EXPECT_THAT(headers, testing::Contains(testing::Pair("x-amz-security-token", "token")));
  EXPECT_THAT(headers.back().second, testing::HasSubstr(";x-amz-security-token,"));
}

}  // namespace
}  // namespace inlet::storage
