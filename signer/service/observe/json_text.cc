#include "signer/service/observe/json_text.h"

#include <nlohmann/json.hpp>

namespace proofmint::service {

std::string JsonString(absl::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/true,
            nlohmann::json::error_handler_t::replace);
}

}  // namespace proofmint::service
