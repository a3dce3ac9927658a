using Microsoft.Win32.SafeHandles;

namespace Waggle.Bpf.Interop;

/// <summary>Owns a <c>struct bpf_object *</c>; maps and programs inside are borrowed and die with it.</summary>
internal sealed class SafeBpfObject : SafeHandleZeroOrMinusOneIsInvalid
{
    public SafeBpfObject(nint handle)
        : base(ownsHandle: true) => SetHandle(handle);

    protected override bool ReleaseHandle()
    {
        Libbpf.bpf_object__close(handle);
        return true;
    }
}
