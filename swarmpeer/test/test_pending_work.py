"""
Tests for L{swarmpeer.storage.pending_work}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.pending_work import PendingWork, run_inline
from swarmpeer.test.storage_fixtures import LaterThreads


class PendingWorkTests(SynchronousTestCase):
    """
    Work, its answers, and who waits for them.
    """

    def test_answers(self) -> None:
        """
        A work answers with what it returns, or with what it raises; at once if it is
        done inline.
        """
        heard: list[object] = []
        threads = LaterThreads()
        works = PendingWork(threads)
        for begin in (works.begin, run_inline):
            begin(lambda: 7, heard.append, heard.append)
            begin(lambda: 1 // 0, heard.append, lambda _: heard.append("failed"))
            self.assertEqual(heard, [] if begin == works.begin else [7, "failed"])
            threads.run_all()
            self.assertEqual(heard, [7, "failed"])
            heard.clear()

    def test_idle(self) -> None:
        """
        Who waits is told once all has answered, what the answers began included; at
        once if there is nothing.
        """
        heard: list[object] = []
        threads = LaterThreads()
        works = PendingWork(threads)
        works.when_idle(lambda: heard.append("idle"))
        self.assertEqual(heard, ["idle"])

        def again(result: object) -> None:
            heard.append(result)
            works.begin(lambda: 2, heard.append, heard.append)

        works.begin(lambda: 1, again, heard.append)
        works.when_idle(lambda: heard.append("idle"))
        threads.run_all()
        self.assertEqual(heard, ["idle", 1, 2, "idle"])

    def test_many_answers(self) -> None:
        """
        Who begins to wait in the middle of what answers more than once, be it at once
        or in an answer of a thread, is told after the last answer.
        """
        heard: list[object] = []
        threads = LaterThreads()
        works = PendingWork(threads)

        def answer(*_: object) -> None:
            heard.append(1)
            works.when_idle(lambda: heard.append("idle"))
            heard.append(2)

        works.do_at_once(answer)
        self.assertEqual(heard, [1, 2, "idle"])
        works.begin(lambda: None, answer, heard.append)
        threads.run_all()
        self.assertEqual(heard[3:], [1, 2, "idle"])

    def test_failing_answer(self) -> None:
        """
        An answer that fails is nobody's business here, and nobody waits for it.
        """
        heard: list[object] = []
        threads = LaterThreads()
        works = PendingWork(threads)
        works.begin(lambda: 0, lambda zero: print(1 // zero), heard.append)
        works.when_idle(lambda: heard.append("idle"))
        self.assertRaises(ZeroDivisionError, threads.run)
        self.assertEqual(heard, ["idle"])
