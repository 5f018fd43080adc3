"""asyncio: tasks, executors, signals, subprocesses, cancellation."""
import asyncio
import os
import signal
import sys


async def child():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(input()[::-1])",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate(b"abc\n")
    print(out, process.returncode)


async def serve():
    async def reply(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\n")
    print(await reader.readline())
    writer.close()
    server.close()
    await server.wait_closed()


async def main(loop):
    came = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, came.set)
    loop.call_later(0.01, os.kill, os.getpid(), signal.SIGUSR1)
    await came.wait()
    print("signal")
    print(await loop.run_in_executor(None, sum, range(10)))
    await child()
    await serve()
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError:
        print("timeout")


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.slow_callback_duration = 60     # -X dev tells of slow ones
loop.run_until_complete(main(loop))
loop.run_until_complete(loop.shutdown_asyncgens())
loop.close()
