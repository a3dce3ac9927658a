using System.Diagnostics;
using Waggle.Bpf;
using Waggle.Linux;

namespace Waggle.Bench.Programs;

/// <summary>
/// Runs programs inside one that changes their packets (<c>bench/bpf/wrapper.h</c>) under BPF_PROG_TEST_RUN and times them. Runs happen
/// in a network namespace of the caller's choice, whose loopback device (index 1) the packets come from.
/// </summary>
internal sealed class Wrapper : IDisposable
{
    private readonly BpfObject _object;
    private readonly NetworkNamespace _inside;
    private readonly byte[] _frame;
    private readonly BpfProgram _wrapper;
    private readonly BpfMap<uint, uint> _target;

    /// <param name="inside">Where to run.</param>
    /// <param name="frame">The packet.</param>
    /// <param name="source">The object with the program around them.</param>
    /// <param name="variables">How it changes the packet.</param>
    internal Wrapper(NetworkNamespace inside, byte[] frame, string source, params ReadOnlySpan<(string Name, uint Value)> variables)
    {
        (_inside, _frame) = (inside, frame);
        _object = BpfObject.Open(BenchObjects.Read(source), new BpfObjectOptions { Name = "bench" });
        _object.SetVariable("head", Frame.HeadOf(frame));
        foreach (var (name, value) in variables)
        {
            _object.SetVariable(name, value);
        }

        _object.Load();
        _wrapper = _object.GetProgram("wrapper");
        Nothing = _object.GetProgram("nothing");
        _target = _object.GetMap<uint, uint>("target");
    }

    /// <summary>The empty program, the baseline.</summary>
    internal BpfProgram Nothing { get; }

    /// <summary>Packets to peers that take turns.</summary>
    /// <param name="inside">Where to run.</param>
    /// <param name="frame">The packet.</param>
    /// <param name="peers">Destinations; a power of two.</param>
    /// <param name="firstPeer">The first destination, in host order.</param>
    internal static Wrapper ForPeers(NetworkNamespace inside, byte[] frame, int peers, uint firstPeer) =>
        new(inside, frame, "wrapper", ("peers", (uint)peers), ("first_peer", firstPeer));

    /// <summary>Mean nanoseconds of one run of the wrapper with a program in it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="runs">How many.</param>
    /// <param name="warm">Some more before, which do not count.</param>
    internal double Time(BpfProgram program, int runs, bool warm = true)
    {
        Put(program);
        return _inside.Run(() =>
        {
            var context = new SkBuffContext { Ifindex = 1 };
            var output = new byte[_frame.Length];
            if (warm)
            {
                _wrapper.TestRun(_frame, output, ref context, runs / 20); // caches, branch predictors, the CPU's clock
            }

            var before = Stopwatch.GetTimestamp();
            var duration = _wrapper.TestRun(_frame, output, ref context, runs).Duration;
            var elapsed = Stopwatch.GetElapsedTime(before).TotalNanoseconds / runs;

            // The kernel leaves out the time it was preempted, but cuts off the fraction; our clock has the fraction, but cannot
            // leave out anything. Both together bound the figure.
            return Math.Clamp(elapsed, duration, duration + 0.99);
        });
    }

    /// <summary>What the program returns for the first packet.</summary>
    internal uint Verdict(BpfProgram program)
    {
        Put(program);
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

    private void Put(BpfProgram program) => _target.Update(0, (uint)program.Handle.Number);
}
