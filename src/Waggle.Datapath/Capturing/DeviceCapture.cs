using System.Runtime.InteropServices;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Linux;

namespace Waggle.Datapath.Capturing;

/// <summary>Takes one packet; the bytes are valid only during the call.</summary>
/// <param name="packet">Its beginning, from the Ethernet header on.</param>
/// <param name="length">Bytes of the whole packet.</param>
/// <param name="monotonicNs">When, CLOCK_MONOTONIC.</param>
public delegate void CapturedPacketHandler(ReadOnlySpan<byte> packet, uint length, ulong monotonicNs);

/// <summary>
/// Packets as they come in, chosen by the programs themselves (<c>bpf/progs/capture.bpf.c</c>). Programs, maps and links exist as long as
/// this object: without one, recording costs nothing. Needs tcx (Linux 6.6), because it has to come before the programs that forward.
/// Attaching is not thread-safe; reading may go on meanwhile.
/// </summary>
public sealed class DeviceCapture : IDisposable
{
    /// <summary>Rules at most.</summary>
    public const int MaxRules = AbiConstants.CaptureRules;

    /// <summary>Bytes of a packet at most.</summary>
    public const uint MaxSnapLength = 65536;

    private readonly BpfObject _object;
    private readonly BpfProgram _in, _out;
    private readonly BpfMap<uint, CaptureRule> _rules;
    private readonly BpfMap<uint, CaptureControl> _control;
    private readonly BpfPerCpuMap<uint, CaptureLosses> _losses;
    private readonly BpfMap _records;
    private readonly RingBuffer _ring;
    private readonly CapturedPacketHandler _handler;
    private readonly Dictionary<int, List<BpfLink>> _links = [];

    private DeviceCapture(BpfObject loaded, CapturedPacketHandler handler)
    {
        (_object, _handler) = (loaded, handler);
        (_in, _out) = (loaded.GetProgram("capture_in"), loaded.GetProgram("capture_out"));
        _rules = loaded.GetMap("capture_rules").As<uint, CaptureRule>();
        _control = loaded.GetMap("capture_control").As<uint, CaptureControl>();
        _losses = loaded.GetMap("capture_losses").AsPerCpu<uint, CaptureLosses>();
        _records = loaded.GetMap("captures");
        _ring = new RingBuffer(_records, OnRecord);
    }

    /// <summary>Devices attached to.</summary>
    public IReadOnlyCollection<int> Devices => _links.Keys;

    /// <summary>Loads programs and maps; nothing is taken before <see cref="SetRules"/> and <see cref="Attach"/>.</summary>
    /// <param name="handler">Gets the packets, on the thread that reads.</param>
    /// <exception cref="BpfException">The kernel cannot.</exception>
    public static DeviceCapture Load(CapturedPacketHandler handler)
    {
        var loaded = BpfObject.Open(EmbeddedObjects.Read(EmbeddedObjects.Capture), new BpfObjectOptions { Name = EmbeddedObjects.Capture });
        try
        {
            AbiCheck.RequireObject(loaded);
            loaded.Load();
            return new DeviceCapture(loaded, handler);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Takes packets that match one of these from now on. Rows change one by one: in between, packets of both sets may be taken.</summary>
    /// <param name="rules">At most <see cref="MaxRules"/>.</param>
    /// <param name="snapLength">Bytes of a packet, at most <see cref="MaxSnapLength"/>.</param>
    public void SetRules(IReadOnlyList<CaptureRule> rules, uint snapLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rules.Count, MaxRules, nameof(rules));
        for (var i = 0; i < rules.Count; i++)
        {
            _rules.Update((uint)i, rules[i]);
        }

        _control.Update(0, new CaptureControl { Rules = (uint)rules.Count, SnapLength = Math.Min(snapLength, MaxSnapLength) });
    }

    /// <summary>Attaches to a device of the calling thread's network namespace, if that was not done yet.</summary>
    /// <param name="ifindex">The device.</param>
    /// <param name="incoming">Take what comes in by it.</param>
    /// <param name="outgoing">Take what this node's own stack sends by it.</param>
    /// <returns>False: the device is gone.</returns>
    /// <exception cref="BpfException">The kernel cannot.</exception>
    public bool Attach(int ifindex, bool incoming, bool outgoing)
    {
        if (_links.ContainsKey(ifindex))
        {
            return true;
        }

        var links = new List<BpfLink>();
        try
        {
            if (incoming)
            {
                links.Add(BpfLink.AttachTcx(_in, ifindex, ingress: true, TcxPosition.First));
            }

            if (outgoing)
            {
                links.Add(BpfLink.AttachTcx(_out, ifindex, ingress: false, TcxPosition.First));
            }
        }
        catch (BpfException e)
        {
            links.ForEach(l => l.Dispose());
            if (e.Errno == Errno.ENODEV)
            {
                return false;
            }

            throw;
        }

        _links[ifindex] = links;
        return true;
    }

    /// <summary>Lets go of a device.</summary>
    public void Detach(int ifindex)
    {
        if (_links.Remove(ifindex, out var links))
        {
            links.ForEach(l => l.Dispose());
        }
    }

    /// <summary>Reads packets on a thread of its own until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => _ring.RunAsync(cancellation);

    /// <summary>Hands over what was taken up to now.</summary>
    public void Flush() => _ring.Consume();

    /// <summary>Packets that matched and found no room, and their bytes, since the start.</summary>
    public (ulong Packets, ulong Bytes) Losses()
    {
        Span<CaptureLosses> all = new CaptureLosses[BpfCpu.PossibleCount];
        _losses.TryLookup(0, all);
        (ulong packets, ulong bytes) = (0, 0);
        foreach (var one in all)
        {
            (packets, bytes) = (packets + one.Packets, bytes + one.Bytes);
        }

        return (packets, bytes);
    }

    public void Dispose()
    {
        foreach (var ifindex in _links.Keys.ToArray())
        {
            Detach(ifindex);
        }

        _ring.Dispose();
        _records.Dispose();
        _losses.Dispose();
        _control.Dispose();
        _rules.Dispose();
        _in.Dispose();
        _out.Dispose();
        _object.Dispose();
    }

    private void OnRecord(ReadOnlySpan<byte> bytes)
    {
        var record = MemoryMarshal.Read<CaptureRecord>(bytes);
        var data = bytes[Marshal.SizeOf<CaptureRecord>()..];
        _handler(data[..(int)Math.Min(record.Captured, (uint)data.Length)], record.PacketLength, record.Timestamp);
    }
}
