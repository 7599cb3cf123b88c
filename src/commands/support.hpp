// What most handlers of file commands need: a look-up of the open, and a blocking call in its right place.
#pragma once
#include <memory>
#include <type_traits>

#include "src/commands/access.hpp"
#include "src/commands/handlers.hpp"
#include "src/fs/facts.hpp"
#include "src/fs/identity.hpp"
#include "src/fs/placement.hpp"
#include "src/fs/workers.hpp"
#include "src/session/connection.hpp"
#include "src/session/file_open.hpp"
#include "src/session/server.hpp"

namespace bossa::commands {

using session::FileOpen;
using session::Open;

/// Runs a metadata call under the tree's identity: on this thread while the share's file system is quick, else on a worker. `work`
/// is a plain callable, taken by reference: it and what it refers to must be locals of the caller. For calls without an open.
template <class F> Awaitable<std::invoke_result_t<F&>> as_user(Request& request, F& work) {
  auto& placement = request.tree->volume->placement();
  if (placement.metadata() == fs::Where::inline_) {
    fs::Stopwatch watch(placement);
    fs::Impersonate as{request.tree->state.identity};
    co_return work();
  }
  auto job = [&work] { return work(); };
  co_return co_await fs::run_as(request.server.workers(), request.tree->state.identity, job);
}
/// The same for calls on an open: one after the other, since handle, path and listing position are the open's.
template <class F>
Awaitable<std::invoke_result_t<F&>> as_user(Request& request, FileOpen& file, F& work, bool much_work = false) {
  co_await file.wait_turn(request.executor());
  FileOpen::Turn turn(file);
  auto& placement = request.tree->volume->placement();
  if (!much_work && placement.metadata() == fs::Where::inline_) {
    fs::Stopwatch watch(placement);
    fs::Impersonate as{request.tree->state.identity};
    co_return work();
  }
  auto job = [&work] { return work(); };
  co_return co_await fs::run_as(request.server.workers(), request.tree->state.identity, job);
}
/// Always on a worker, beside whatever else happens on the open: calls that need no more than the descriptor.
template <class F> Awaitable<std::invoke_result_t<F&>> as_user_on_worker(Request& request, F& work) {
  auto job = [&work] { return work(); };
  co_return co_await fs::run_as(request.server.workers(), request.tree->state.identity, job);
}

/// The data of an open, on a worker: a file's needs no more than the descriptor. A stream is found by its name, which a rename through another
/// open changes: so in turn, and under the name that it has then.
template <class F> Awaitable<std::invoke_result_t<F&>> on_data(Request& request, FileOpen& file, F& work) {
  if (!file.handle.is_stream()) co_return co_await as_user_on_worker(request, work);
  auto named = [&] {
    file.path();
    return work();
  };
  co_return co_await as_user(request, file, named, true);
}

/// As Request::open, for commands that pipes do not have: INVALID_DEVICE_REQUEST for those.
[[nodiscard]] inline Result<std::shared_ptr<Open>> file_open(Request& request, wire::FileId id) {
  auto open = request.open(id);
  if (open && !(*open)->file) return fail(status::invalid_device_request);
  return open;
}

/// Facts of an open file, its Open's own (position, mode, access, delete pending) filled in. Blocking.
[[nodiscard]] Result<wire::FileFacts> facts_of(Open& open, fs::FactNeeds needs = {});

}  // namespace bossa::commands
