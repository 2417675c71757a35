import random
import threading

from tests.reliability.later import Later


def test_a_step_that_raises_is_a_fault_and_the_next_one_is_taken() -> None:
    faults: list[str] = []
    taken = threading.Event()
    later = Later(random.Random(0), threading.Lock(), faults)

    def fail() -> None:
        raise OSError("the disk is gone")

    later.add(fail, most=0.1)
    later.add(taken.set, most=0.2)
    finishing = threading.Thread(target=later.finish, daemon=True)  # it once waited for ever
    finishing.start()
    finishing.join(60)
    assert not finishing.is_alive()
    assert taken.is_set()
    (fault,) = faults
    assert fault.endswith("OSError: the disk is gone\n")
