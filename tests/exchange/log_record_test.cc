#include "signer/exchange/log_record.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "signer/exchange/testing/fake_proof_source.h"

namespace proofmint {
namespace {

using dpop::Algorithm;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

const LogContext kContext = {.issuer = "https://idp.example",
                             .client_id = "broker",
                             .grant_type = "authorization_code",
                             .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"};

Outcome Granted() {
  Outcome outcome;
  outcome.verdict = Verdict::kGranted;
  outcome.accepted = true;
  outcome.binding = Binding::kConfirmed;
  outcome.idp_token_type = "dpop";
  outcome.jkt = "the-thumbprint";
  outcome.key_handle = "s3cr3t";
  outcome.body = R"({"access_token": "s3cr3t", "token_type": "DPoP"})";
  outcome.http_status = 200;
  outcome.attempts = 2;
  outcome.nonce_challenges = 1;
  outcome.clock_skew = absl::Milliseconds(-1490);
  outcome.signer_time = absl::Microseconds(412);
  outcome.idp_times = {absl::Milliseconds(31), absl::Microseconds(40290)};
  return outcome;
}

TEST(LogRecordTest, DescribesALogin) {
  Outcome userinfo;
  userinfo.verdict = Verdict::kGranted;
  userinfo.accepted = true;
  userinfo.jkt = "the-thumbprint";
  userinfo.http_status = 200;
  EXPECT_EQ(LogRecord(kContext, Algorithm::kEs256, Granted(), &userinfo),
            R"({"type":"s",)"
            R"("description":"The identity provider granted the request.",)"
            R"("issuer":"https://idp.example","client_id":"broker",)"
            R"("grant_type":"authorization_code",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
            R"("dpop_signing_alg":"ES256","idp_token_type":"dpop",)"
            R"("binding":"confirmed","downgrade":false,)"
            R"("jkt":"the-thumbprint",)"
            R"("upstream_userinfo_fetch":{"status":200,"dpop_bound":true},)"
            R"("outcome":"granted","http_status":200,"idp_ms":[31.0,40.3],)"
            R"("attempts":2,"nonce_challenges":1,"clock_skew_s":-1.5,)"
            R"("signer_ms":0.4})");
}

TEST(LogRecordTest, NamesTheSignersReasonAndField) {
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("htu");
  Outcome outcome;
  outcome.verdict = Verdict::kSignerRefused;
  outcome.signer =
      SignerError(absl::StatusCode::kInvalidArgument, "INVALID_HTU", "s3cr3t");
  outcome.signer.SetPayload("type.googleapis.com/google.rpc.BadRequest",
                            absl::Cord(bad_request.SerializeAsString()));
  const std::string record = LogRecord(kContext, Algorithm::kEd25519, outcome);
  EXPECT_THAT(record, Not(HasSubstr("s3cr3t")));
  const json fields = json::parse(record);
  EXPECT_EQ(fields["signer_code"], "INVALID_ARGUMENT");
  EXPECT_EQ(fields["signer_reason"], "INVALID_HTU");
  EXPECT_EQ(fields["signer_field"], "htu");
}

TEST(LogRecordTest, IsOneLineOfAscii) {
  LogContext context = kContext;
  context.client_id = "a\"\n\r\x1b\x7f\xff\xe2\x80\xa8\xc3\xa9";
  context.later_failure = std::string("id_token: \0 expired", 19);
  const std::string record = LogRecord(context, Algorithm::kEs256, Granted());
  EXPECT_THAT(record, Each(AllOf(Ge(' '), Le('~'))));
  EXPECT_EQ(json::parse(record)["client_id"],
            "a\"\n\r\x1b\x7f\xef\xbf\xbd\xe2\x80\xa8\xc3\xa9");
}

TEST(LogRecordTest, CutsLongTextsBetweenCharacters) {
  LogContext context = kContext;
  context.client_id = std::string(kMaxLoggedText - 1, 'x') + "\xc3\xa9";
  context.issuer = std::string(1 << 20, 'x');
  context.later_failure = std::string(1 << 20, '\x80');
  const json record =
      json::parse(LogRecord(context, Algorithm::kEs256, Granted()));
  EXPECT_EQ(record["client_id"], std::string(kMaxLoggedText - 1, 'x'));
  EXPECT_EQ(record["issuer"], std::string(kMaxLoggedText, 'x'));
  EXPECT_LT(record.dump().size(), 4096u);
}

TEST(LogRecordTest, SurvivesEndlessDurations) {
  Outcome outcome = Granted();
  outcome.idp_times = {absl::InfiniteDuration()};
  outcome.signer_time = -absl::InfiniteDuration();
  const json record =
      json::parse(LogRecord(kContext, Algorithm::kEs256, outcome));
  EXPECT_EQ(record["idp_ms"], json::parse("[null]"));
  EXPECT_EQ(record["signer_ms"], nullptr);
}

}  // namespace
}  // namespace proofmint
