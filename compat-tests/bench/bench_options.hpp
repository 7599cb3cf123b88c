// Command line of bossa-bench-client.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/client/session.hpp"

namespace bossa::bench {

struct Options {
  client::Endpoint server;
  auth::ClientCredentials credentials;
  std::string share, operation, path = "bench.dat";
  double seconds = 3;
  std::uint32_t depth = 8;             ///< requests under way at once
  std::uint32_t io_size = 1u << 20;    ///< of one READ or WRITE
  std::uint64_t file_size = 64u << 20; ///< the file is gone through again and again
  std::uint32_t connections = 1;       ///< each with its own thread
  std::uint32_t sessions = 100;        ///< for idle
  std::uint32_t files = 1000;          ///< for list
  bool verify = false, compound = false;
  bool mark = false; ///< say on stdout when the preparations are over
  client::NegotiateOptions negotiate;
  client::LogonOptions logon;
};

/// Nothing when the command line is wrong: a sentence about it is on stderr.
std::optional<Options> parse_options(int argc, char** argv);

} // namespace bossa::bench
