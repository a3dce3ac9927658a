namespace Waggle.Bpf;

/// <summary>Where a tcx program goes among the others of its device and direction. The default is last.</summary>
public readonly struct TcxPosition
{
    private const uint BeforeFlag = 1 << 3; // BPF_F_BEFORE
    private const uint AfterFlag = 1 << 4;  // BPF_F_AFTER
    private const uint LinkFlag = 1 << 13;  // BPF_F_LINK

    private TcxPosition(uint flags, Linux.FileDescriptor? relative)
    {
        Flags = flags;
        Relative = relative;
    }

    /// <summary>Before all others.</summary>
    public static TcxPosition First => new(BeforeFlag, null);

    /// <summary>After all others.</summary>
    public static TcxPosition Last => new(AfterFlag, null);

    internal uint Flags { get; }

    internal Linux.FileDescriptor? Relative { get; }

    /// <summary>Directly before another link.</summary>
    public static TcxPosition Before(BpfLink link) => new(BeforeFlag | LinkFlag, link.Handle);

    /// <summary>Directly after another link.</summary>
    public static TcxPosition After(BpfLink link) => new(AfterFlag | LinkFlag, link.Handle);

    /// <summary>Directly before another program.</summary>
    public static TcxPosition Before(BpfProgram program) => new(BeforeFlag, program.Handle);

    /// <summary>Directly after another program.</summary>
    public static TcxPosition After(BpfProgram program) => new(AfterFlag, program.Handle);
}
