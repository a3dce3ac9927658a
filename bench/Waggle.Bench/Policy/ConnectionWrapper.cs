using System.Diagnostics;
using Waggle.Bench.Programs;
using Waggle.Bpf;
using Waggle.Linux;

namespace Waggle.Bench.Policy;

/// <summary>Runs programs inside <c>connections.bpf.c</c> under BPF_PROG_TEST_RUN and times them; see <see cref="Wrapper"/>.</summary>
internal sealed class ConnectionWrapper : IDisposable
{
    private readonly BpfObject _object = BpfObject.Open(BenchObjects.Read("connections"), new BpfObjectOptions { Name = "bench" });
    private readonly NetworkNamespace _inside;
    private readonly byte[] _frame;
    private readonly BpfProgram _wrapper;
    private readonly BpfMap<uint, uint> _target;

    /// <param name="inside">Where to run.</param>
    /// <param name="frame">The packet.</param>
    /// <param name="connections">Source ports that take turns; a power of two.</param>
    /// <param name="firstPeer">The destination, in host order.</param>
    /// <param name="alwaysNew">A new connection with every packet; 2^20 take turns.</param>
    /// <param name="scattered">Those in another order than one after the other.</param>
    internal ConnectionWrapper(NetworkNamespace inside, byte[] frame, int connections, uint firstPeer, bool alwaysNew, bool scattered = false)
    {
        (_inside, _frame) = (inside, frame);
        _object.SetVariable("head", Frame.HeadOf(frame));
        _object.SetVariable("connections", (uint)connections);
        _object.SetVariable("first_port", (uint)PolicyRig.FirstPort);
        _object.SetVariable("first_peer", firstPeer);
        _object.SetVariable("always_new", alwaysNew ? 1u : 0u);
        _object.SetVariable("scattered", scattered ? 1u : 0u);
        _object.Load();
        _wrapper = _object.GetProgram("wrapper");
        Nothing = _object.GetProgram("nothing");
        _target = _object.GetMap<uint, uint>("target");
    }

    /// <summary>The empty program, the baseline.</summary>
    internal BpfProgram Nothing { get; }

    /// <summary>Mean nanoseconds of one run of the wrapper with a program in it.</summary>
    internal double Time(BpfProgram program, int runs, bool warm = true)
    {
        _target.Update(0, (uint)program.Handle.Number);
        return _inside.Run(() =>
        {
            var context = new SkBuffContext { Ifindex = 1 };
            var output = new byte[_frame.Length];
            if (warm)
            {
                _wrapper.TestRun(_frame, output, ref context, runs / 20);
            }

            var before = Stopwatch.GetTimestamp();
            var duration = _wrapper.TestRun(_frame, output, ref context, runs).Duration;
            var elapsed = Stopwatch.GetElapsedTime(before).TotalNanoseconds / runs;
            return Math.Clamp(elapsed, duration, duration + 0.99); // as in Wrapper
        });
    }

    /// <summary>What the program returns for a packet.</summary>
    internal uint Verdict(BpfProgram program)
    {
        _target.Update(0, (uint)program.Handle.Number);
        return _inside.Run(() =>
        {
            var context = new SkBuffContext { Ifindex = 1 };
            return _wrapper.TestRun(_frame, new byte[_frame.Length], ref context).ReturnValue;
        });
    }

    public void Dispose()
    {
        _target.Dispose();
        Nothing.Dispose();
        _wrapper.Dispose();
        _object.Dispose();
    }
}
