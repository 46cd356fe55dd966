// Threads that stand by for one executor, and to which its parallel_for hands out work: less than a microsecond a
// time, where entering an OpenMP region takes several. What no member has begun when the leader is through with its own
// share, the leader does too: a member may be asleep, or its processor taken.
#pragma once
#include <atomic>
#include <cstddef>
#include <functional>

namespace hebb {

class Team {
 public:
  // Runs body on the calling thread while `size` - 1 threads of OpenMP stand by for it. body must not throw.
  static void lead(int size, const std::function<void()>& body);
  // The team that the calling thread leads, or null.
  static Team* led();

  // The members, the leader among them: what was asked for, or as many as the runtime gave.
  int size() const { return size_; }

  // Calls share(context, index) for each index below `members`, index 0 on the leader, and returns when all have.
  using Share = void (*)(const void* context, int index);
  // For brief work, of a few microseconds, no member is woken, but guests may take shares of it.
  enum class Length { any, brief };
  void run(int members, Share share, const void* context, Length length = Length::any);
  // A guest, on any thread, while the team exists: members leave brief work to guests, on whose processor they may be.
  void enter() { guests_.fetch_add(1); }
  void leave() { guests_.fetch_sub(1); }
  void help();  // does a share of brief work that nobody has begun, if there is one

 private:
  struct Work;
  struct Post;
  explicit Team(int size);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();
  void stand_by(Post& post, int index);
  void lead_present(int present, const std::function<void()>& body);

  int size_;
  Post* posts_;  // of the members but the leader
  std::atomic<int> guests_{0};
  int lonely_ = 0;  // times in succession that brief work was left to the leader
};

}  // namespace hebb
