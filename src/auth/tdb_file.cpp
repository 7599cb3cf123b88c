#include "src/auth/tdb_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

extern "C" {
#include <tdb.h>
}

namespace bossa::auth {
namespace {

TDB_DATA data_of(Bytes bytes) {
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()}; // libtdb takes keys and values without const
}

Failure explain(const std::string& path, TdbFile::For purpose, int error, std::string& problem) {
  const char* action = purpose == TdbFile::For::writing ? "written" : "read";
  problem =
      fmt::format("{} cannot be {}: {}", path, action, error == EIO || error == EINVAL ? "it is no TDB file" : strerror(error));
  switch (error) {
  case ENOENT: return fail(status::object_name_not_found);
  case EACCES:
  case EPERM:
  case EROFS: return fail(status::access_denied);
  case EIO:
  case EINVAL: return fail(status::file_corrupt_error);
  default: return fail(status::unexpected_io_error);
  }
}

} // namespace

void TdbFile::Close::operator()(tdb_context* tdb) const { tdb_close(tdb); }

Result<TdbFile> TdbFile::open(const std::string& path, For purpose, std::string& problem) {
  using namespace std::chrono_literals;
  // Locks of libtdb need a writable descriptor even to read; a reader without that right goes without locks.
  int flags = purpose == For::writing ? O_RDWR | O_CREAT : O_RDWR;
  auto give_up = std::chrono::steady_clock::now() + 5s;
  for (;;) {
    errno = 0;
    if (auto* tdb = tdb_open(path.c_str(), 0, TDB_DEFAULT, flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
      // Hashes and keys are worth as much as passwords: a file that others may read is closed to them when it is next written.
      struct stat now {};
      constexpr mode_t others = S_IRWXG | S_IRWXO;
      if (purpose == For::writing && fstat(tdb_fd(tdb), &now) == 0 && (now.st_mode & others) != 0)
        (void)fchmod(tdb_fd(tdb), S_IRUSR | S_IWUSR);
      return TdbFile(tdb);
    }
    int error = errno;
    if (error == EBUSY && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    if (purpose == For::reading && flags == O_RDWR && (error == EACCES || error == EPERM || error == EROFS)) {
      flags = O_RDONLY;
      continue;
    }
    return explain(path, purpose, error, problem);
  }
}

std::optional<crypto::SecretVector> TdbFile::fetch(std::string_view key) const {
  auto value = tdb_fetch(tdb_.get(), data_of(as_bytes(key)));
  if (value.dptr == nullptr) return std::nullopt;
  crypto::SecretVector out(value.dptr, value.dptr + value.dsize);
  crypto::wipe({value.dptr, value.dsize});
  std::free(value.dptr);
  return out;
}

bool TdbFile::each(std::string_view prefix, const std::function<void(std::string_view, Bytes)>& visit) const {
  struct Context {
    std::string_view prefix;
    const std::function<void(std::string_view, Bytes)>& visit;
  } context{prefix, visit};
  auto one = [](tdb_context*, TDB_DATA key, TDB_DATA value, void* opaque) {
    auto& to = *static_cast<Context*>(opaque);
    auto name = as_text(Bytes(key.dptr, key.dsize));
    if (name.starts_with(to.prefix)) to.visit(name, Bytes(value.dptr, value.dsize));
    return 0;
  };
  return tdb_traverse_read(tdb_.get(), one, &context) >= 0;
}

bool TdbFile::sound() const { return tdb_check(tdb_.get(), nullptr, nullptr) == 0; }

bool TdbFile::store(std::string_view key, Bytes value) {
  return tdb_store(tdb_.get(), data_of(as_bytes(key)), data_of(value), TDB_REPLACE) == 0;
}

bool TdbFile::erase(std::string_view key) { return tdb_delete(tdb_.get(), data_of(as_bytes(key))) == 0; }

bool TdbFile::transaction(const std::function<bool()>& work) {
  if (tdb_transaction_start(tdb_.get()) != 0) return false;
  if (work()) return tdb_transaction_commit(tdb_.get()) == 0;
  tdb_transaction_cancel(tdb_.get());
  return false;
}

} // namespace bossa::auth
