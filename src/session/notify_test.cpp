#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include "src/base/unicode.hpp"
#include "src/session/notify.hpp"

using namespace bossa;
using namespace bossa::session;
namespace filter = bossa::session::notify_filter;

namespace {

// The entries as a client reads them: "1 dir\\name".
std::vector<std::string> entries(const std::optional<ByteVector>& output) {
  if (!output) return {"enumerate"};
  std::vector<std::string> all;
  for (std::size_t at = 0; !output->empty();) {
    BOOST_REQUIRE(at % 4 == 0);
    BOOST_REQUIRE(at + 12 <= output->size());
    auto next = load_le<std::uint32_t>(output->data() + at), action = load_le<std::uint32_t>(output->data() + at + 4),
         length = load_le<std::uint32_t>(output->data() + at + 8);
    BOOST_REQUIRE(at + 12 + length <= output->size());
    all.push_back(std::to_string(action) + " " + *utf8_from_utf16le(Bytes{*output}.subspan(at + 12, length)));
    if (next == 0) {
      BOOST_TEST(at + 12 + length == output->size());
      break;
    }
    at += next;
  }
  return all;
}

struct Fixture {
  boost::asio::io_context context;
  NotifyHub hub;
  std::shared_ptr<NotifyWatch> watch(const char* directory, std::uint32_t bits = filter::all, bool recursive = false, std::size_t limit = 4096) {
    return hub.watch(directory, bits, recursive, limit);
  }
  // What a request that asks now is told; nothing when it would wait.
  std::vector<std::string> ask(NotifyWatch& one, std::size_t most = 4096) {
    auto waiter = hub.ask(one, context.get_executor());
    if (!waiter->signal->is_set()) {
      hub.leave(one, *waiter);
      return {};
    }
    return entries(hub.take(one, *waiter, most));
  }
};
using List = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(notify, Fixture)

BOOST_AUTO_TEST_CASE(a_directory_hears_of_its_entries_and_a_tree_of_all_below) {
  auto flat = watch("/s/d"), tree = watch("/s/d", filter::all, true), root = watch("/s", filter::all, true), other = watch("/s/dd", filter::all, true);
  hub.report(NotifyAction::added, filter::file_name, "/s/d/one");
  hub.report(NotifyAction::removed, filter::file_name, "/s/d/sub/two");
  BOOST_TEST(ask(*flat) == (List{"1 one"}));
  BOOST_TEST(ask(*tree) == (List{"1 one", "2 sub\\two"}));
  BOOST_TEST(ask(*root) == (List{"1 d\\one", "2 d\\sub\\two"}));
  BOOST_TEST(ask(*other).empty());
  BOOST_TEST(ask(*flat).empty());  // told once
}

BOOST_AUTO_TEST_CASE(only_what_the_filter_asks_for_is_told) {
  auto files = watch("/s", filter::file_name), sizes = watch("/s", filter::size | filter::security);
  hub.report(NotifyAction::added, filter::dir_name, "/s/d");
  hub.report(NotifyAction::modified, filter::size | filter::last_write, "/s/f");
  BOOST_TEST(ask(*files).empty());
  BOOST_TEST(ask(*sizes) == (List{"3 f"}));
}

BOOST_AUTO_TEST_CASE(a_stream_is_told_behind_its_file_and_hidden_with_it) {
  auto streams = watch("/s", filter::stream_name), files = watch("/s", filter::file_name);
  auto blind = hub.watch("/s", filter::all, false, 65536, [](std::string_view name) { return name == "f"; });
  NotifyChange change{NotifyAction::added_stream, filter::stream_name, "/s/f", "Zone.Identifier"};
  hub.report(std::span(&change, 1));
  BOOST_TEST(ask(*streams) == (List{"6 f:Zone.Identifier"}));
  BOOST_TEST(ask(*files).empty());
  BOOST_TEST(ask(*blind).empty());
}

BOOST_AUTO_TEST_CASE(who_caches_a_listing_can_be_told_apart_from_who_watches) {
  std::vector<std::string> changed;
  hub.set_directory_listener([&](const std::string& directory, const locking::CacheOwner&) { changed.push_back(directory); });
  auto leased = hub.enter_directory_lease();
  auto one = watch("/s");
  NotifyChange change{NotifyAction::modified, filter::size, "/s/f"};
  hub.report(std::span(&change, 1), {}, Told::watchers);
  BOOST_TEST(changed.empty());
  BOOST_TEST(ask(*one) == (List{"3 f"}));
  hub.report(std::span(&change, 1), {}, Told::lease_holders);
  BOOST_TEST(changed == (List{"/s"}));
  BOOST_TEST(ask(*one).empty());
}

BOOST_AUTO_TEST_CASE(a_rename_is_a_pair_in_one_answer) {
  auto one = watch("/s", filter::file_name), tree = watch("/s", filter::file_name, true);
  auto waiter = hub.ask(*one, context.get_executor());
  hub.report_rename("/s/a", "/s/b", false);
  BOOST_TEST(waiter->signal->is_set());
  BOOST_TEST(entries(hub.take(*one, *waiter, 100)) == (List{"4 a", "5 b"}));
  hub.report_rename("/s/b", "/s/d/c", false);
  BOOST_TEST(ask(*one) == (List{"2 b"}));
  BOOST_TEST(ask(*tree) == (List{"4 a", "5 b", "2 b", "1 d\\c"}));
}

BOOST_AUTO_TEST_CASE(a_watch_follows_its_directory) {
  auto inner = watch("/s/a/b");
  hub.report_rename("/s/a", "/s/z", true);
  hub.report(NotifyAction::added, filter::file_name, "/s/z/b/f");
  hub.report(NotifyAction::added, filter::file_name, "/s/a/b/g");
  BOOST_TEST(ask(*inner) == (List{"1 f"}));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_makes_the_client_list_the_directory) {
  auto small = watch("/s", filter::all, false, 40);
  for (int i = 0; i < 3; ++i) hub.report(NotifyAction::added, filter::file_name, "/s/file" + std::to_string(i));
  BOOST_TEST(ask(*small) == (List{"enumerate"}));
  hub.report(NotifyAction::added, filter::file_name, "/s/x");
  BOOST_TEST(ask(*small) == (List{"1 x"}));  // from then on it hears again
  auto none = watch("/s", filter::all, false, 0);
  hub.report(NotifyAction::added, filter::file_name, "/s/y");
  BOOST_TEST(ask(*none, 0) == (List{"enumerate"}));
  BOOST_TEST(ask(*small, 8) == (List{"enumerate"}));  // buffered, but too much for this request
  BOOST_TEST(ask(*small).empty());
}

BOOST_AUTO_TEST_CASE(requests_of_one_open_are_served_in_turn) {
  auto one = watch("/s");
  auto first = hub.ask(*one, context.get_executor()), second = hub.ask(*one, context.get_executor());
  hub.report(NotifyAction::added, filter::file_name, "/s/a");
  hub.report(NotifyAction::added, filter::file_name, "/s/b");
  BOOST_TEST(first->signal->is_set());
  BOOST_TEST(!second->signal->is_set());  // its turn comes when the first has its answer
  hub.report(NotifyAction::added, filter::file_name, "/s/c");
  BOOST_TEST(entries(hub.take(*one, *first, 100)) == (List{"1 a"}));  // what it was woken for, however late it comes
  BOOST_TEST(second->signal->is_set());
  BOOST_TEST(entries(hub.take(*one, *second, 100)) == (List{"1 b", "1 c"}));
  BOOST_TEST(ask(*one).empty());
}

BOOST_AUTO_TEST_CASE(the_changes_of_one_call_come_in_one_answer) {
  auto one = watch("/s");
  auto waiter = hub.ask(*one, context.get_executor());
  hub.report_rename("/s/a", "/s/b", false);
  BOOST_TEST(entries(hub.take(*one, *waiter, 100)) == (List{"4 a", "5 b"}));
  waiter = hub.ask(*one, context.get_executor());
  hub.report_rename("/s/b", "/s/c", false, {}, "/s/c");
  BOOST_TEST(entries(hub.take(*one, *waiter, 100)) == (List{"2 c", "4 b", "5 c"}));
}

BOOST_AUTO_TEST_CASE(a_cancelled_request_leaves_its_events_to_the_next) {
  auto one = watch("/s");
  auto first = hub.ask(*one, context.get_executor()), second = hub.ask(*one, context.get_executor());
  first->signal->cancel();
  hub.report(NotifyAction::added, filter::file_name, "/s/a");  // wakes the first, which is already leaving
  hub.report(NotifyAction::added, filter::file_name, "/s/b");
  hub.leave(*one, *first);
  BOOST_TEST(second->signal->is_set());
  BOOST_TEST(entries(hub.take(*one, *second, 100)) == (List{"1 a", "1 b"}));
}

BOOST_AUTO_TEST_CASE(what_a_cancelled_request_gives_back_counts_as_before) {
  auto one = hub.watch("/s", filter::all, false, 40);
  auto first = hub.ask(*one, context.get_executor());
  hub.report(NotifyAction::added, filter::file_name, "/s/aaaa");  // 20 bytes
  hub.report(NotifyAction::added, filter::file_name, "/s/bbbb");
  hub.report(NotifyAction::added, filter::file_name, "/s/cccc");  // fits while the first waits to be told
  hub.leave(*one, *first);
  BOOST_TEST(ask(*one) == (List{"enumerate"}));
}

BOOST_AUTO_TEST_CASE(the_end_of_the_open_and_of_the_directory_end_requests) {
  auto one = watch("/s/d"), other = watch("/s/d");
  auto first = hub.ask(*one, context.get_executor()), second = hub.ask(*other, context.get_executor());
  hub.end(*one, status::notify_cleanup);
  BOOST_TEST(first->signal->is_set());
  BOOST_TEST((first->outcome == status::notify_cleanup));
  BOOST_TEST(!second->signal->is_set());
  hub.report_delete_pending("/s/d");
  BOOST_TEST((second->outcome == status::delete_pending));
  hub.end(*other, status::notify_cleanup);
  BOOST_TEST(!hub.any());
}

BOOST_AUTO_TEST_CASE(names_that_clients_may_not_see_are_not_told) {
  auto tree = hub.watch("/s", filter::all, true, 4096, [](std::string_view name) { return name == "secret"; });
  hub.report(NotifyAction::added, filter::file_name, "/s/secret");
  hub.report(NotifyAction::added, filter::file_name, "/s/secret/inside");
  hub.report(NotifyAction::added, filter::file_name, "/s/open");
  BOOST_TEST(ask(*tree) == (List{"1 open"}));
}

BOOST_AUTO_TEST_CASE(changes_of_local_programs_are_told_with_their_filters) {
  using Kind = fs::LocalChange::Kind;
  auto tree = watch("/s", filter::all, true), dirs = watch("/s", filter::dir_name);
  hub.report_local({Kind::added, true, "/s/d", {}, {}});
  hub.report_local({Kind::renamed, true, "/s/d", "/s/e", {}});
  hub.report_local({Kind::modified, false, "/s/e/f", {}, {}});
  BOOST_TEST(ask(*dirs) == (List{"1 d", "4 d", "5 e"}));
  BOOST_TEST(ask(*tree) == (List{"1 d", "4 d", "5 e", "3 e\\f"}));
  hub.report_local({Kind::lost, false, {}, {}, {}});
  BOOST_TEST(ask(*tree) == (List{"enumerate"}));
}

BOOST_AUTO_TEST_SUITE_END()
