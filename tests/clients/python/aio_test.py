"""Tests the client for asyncio against real daemons."""

import asyncio
import functools

import pytest

from proofmint import AsyncSignerClient, SignerClientOptions, SignerError


def in_loop(test):
    """Runs a test in an event loop."""
    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


@in_loop
async def test_calls_of_one_turn_leave_together(options, request_of):
    async with AsyncSignerClient(options) as signer:
        proofs = await asyncio.gather(*(signer.sign_proof(request_of()) for _ in range(256)))
        assert len({proof.jwt for proof in proofs}) == 256
        stats = signer.stats()
        assert (stats.batches, stats.items, stats.proofs, stats.pending) == (1, 256, 256, 0)


@in_loop
async def test_an_invalid_call_fails_alone(options, request_of):
    async with AsyncSignerClient(options) as signer:
        requests = [request_of(htu="https://user@idp.example/" if i == 1 else "https://idp.example/") for i in range(3)]
        good, bad, also_good = await asyncio.gather(*map(signer.sign_proof, requests), return_exceptions=True)
        assert good.jwt and also_good.jwt
        assert (bad.reason, bad.field) == ("INVALID_HTU", "htu")
        assert signer.stats().batches == 1


@in_loop
async def test_ten_thousand_calls_at_once(options, request_of):
    async with AsyncSignerClient(options) as signer:
        proofs = await asyncio.gather(*(signer.sign_proof(request_of(), 50) for _ in range(10_000)))
        assert len({proof.jwt for proof in proofs}) == 10_000


@in_loop
async def test_passing_failures_are_retried(start_daemon, request_of):
    daemon = start_daemon("--enable_fault_injection", "--fault_key_generation_failure_rate=0.3")
    async with AsyncSignerClient(SignerClientOptions(target=daemon.addresses[0], timeout=60)) as signer:
        proofs = await asyncio.gather(*(signer.sign_proof(request_of()) for _ in range(200)))
        assert len({proof.jwt for proof in proofs}) == 200
        assert signer.stats().retries > 20


@in_loop
async def test_a_call_ends_at_its_deadline_though_its_batch_is_out(daemon, options, request_of):
    daemon.pause()
    async with AsyncSignerClient(options) as signer:
        patient = asyncio.create_task(signer.sign_proof(request_of()))
        with pytest.raises(SignerError) as caught:
            await signer.sign_proof(request_of(), timeout=0.2)
        assert caught.value.code == "DEADLINE_EXCEEDED"
        daemon.resume()
        assert (await patient).jwt
        assert signer.stats().batches == 1


@in_loop
async def test_a_cancelled_call_is_forgotten(daemon, options, request_of):
    daemon.pause()
    async with AsyncSignerClient(options) as signer:
        calls = [asyncio.create_task(signer.sign_proof(request_of())) for _ in range(3)]
        while signer.stats().batches < 1:
            await asyncio.sleep(0)
        calls[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        assert signer.stats().pending == 2
        daemon.resume()
        assert (await calls[1]).jwt != (await calls[2]).jwt


@in_loop
async def test_an_rpc_that_no_call_needs_is_cancelled(daemon, options, request_of):
    """Otherwise it would hold its place until the deadline, 20 s here, and further calls up."""
    daemon.pause()
    async with AsyncSignerClient(options) as signer:
        for _ in range(2 * options.max_batches_in_flight):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(signer.sign_proof(request_of()), 0.05)
        assert signer.stats().batches == 2 * options.max_batches_in_flight
        daemon.resume()
        assert (await signer.sign_proof(request_of(), 15)).jwt


@in_loop
async def test_no_call_fails_over_restarts(daemon, options, request_of):
    """The daemon is killed and started again, three times, under 100 tasks."""
    stop = asyncio.Event()

    async def work(signer):
        proofs = []
        while not stop.is_set():
            proofs.append((await signer.sign_proof(request_of())).jwt)
        return proofs

    async with AsyncSignerClient(options) as signer:
        workers = [asyncio.create_task(work(signer)) for _ in range(100)]
        for _ in range(3):
            before = signer.stats().proofs
            while signer.stats().proofs < before + 500 and not any(worker.done() for worker in workers):
                await asyncio.sleep(0.01)
            daemon.kill()
            daemon.start()
        stop.set()
        proofs = [jwt for jwts in await asyncio.gather(*workers) for jwt in jwts]
    assert len(set(proofs)) == len(proofs) >= 1500


@in_loop
async def test_close_fails_what_waits_and_what_comes(daemon, options, request_of):
    daemon.pause()
    signer = AsyncSignerClient(options)
    calls = [asyncio.create_task(signer.sign_proof(request_of())) for _ in range(3)]
    while signer.stats().batches < 1:
        await asyncio.sleep(0)
    await signer.close()
    for result in await asyncio.gather(*calls, signer.sign_proof(request_of()), signer.get_capabilities(),
                                       return_exceptions=True):
        assert result.code == "CANCELLED"
    await signer.close()


@in_loop
async def test_capabilities(options):
    async with AsyncSignerClient(options) as signer:
        assert (await signer.get_capabilities()).max_batch_size == 256
