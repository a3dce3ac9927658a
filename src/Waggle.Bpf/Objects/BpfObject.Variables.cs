using System.Runtime.CompilerServices;
using Waggle.Bpf.Btf;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfObject
{
    /// <summary>
    /// Sets a global variable (<c>const volatile</c> in .rodata, or initialised .data/.bss) before load. The verifier then knows
    /// the value and removes the branches it makes dead.
    /// </summary>
    /// <typeparam name="T">An integer, bool or enum of the variable's exact size and signedness, or a blittable struct of its size.</typeparam>
    /// <exception cref="KeyNotFoundException">No such variable.</exception>
    /// <exception cref="BpfLayoutException">Size or kind differs from the variable's BTF.</exception>
    public void SetVariable<T>(string name, in T value)
        where T : unmanaged
    {
        RequireNotLoaded();
        Unsafe.WriteUnaligned(Locate<T>(name), value);
    }

    /// <summary>The value a global variable has before load (what the C file or <see cref="SetVariable"/> gave it).</summary>
    public T GetVariable<T>(string name)
        where T : unmanaged
    {
        RequireNotLoaded();
        return Unsafe.ReadUnaligned<T>(Locate<T>(name));
    }

    /// <summary>Names of the variables in a data section (".rodata", ".rodata.config", …).</summary>
    public IEnumerable<string> VariableNames(string section) =>
        Btf.Find(BtfKind.DataSection, section)?.Variables.Select(v => Btf[v.VariableId].Name) ?? [];

    private byte* Locate<T>(string name)
        where T : unmanaged
    {
        foreach (var type in Btf.Types)
        {
            if (type.Kind != BtfKind.DataSection || !IsData(type.Name))
            {
                continue;
            }

            foreach (var variable in type.Variables)
            {
                if (Btf[variable.VariableId].Name == name)
                {
                    BtfVariableCheck.Require<T>(Btf, Btf[variable.VariableId]);
                    return Section(type.Name, variable.Offset + sizeof(T)) + variable.Offset;
                }
            }
        }

        throw new KeyNotFoundException($"object {Name} has no variable '{name}'");
    }

    private static bool IsData(string section) =>
        section.StartsWith(".rodata", StringComparison.Ordinal) || section.StartsWith(".data", StringComparison.Ordinal)
        || section.StartsWith(".bss", StringComparison.Ordinal);

    private byte* Section(string name, int needed)
    {
        nint map;
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
        {
            map = Libbpf.bpf_object__find_map_by_name(handle, text);
        }

        nuint size = 0;
        var data = map == 0 ? null : Libbpf.bpf_map__initial_value(map, &size);
        return data == null || size < (nuint)needed
            ? throw new BpfException("reach section", $"{name} of {Name}", Errno.None, "libbpf has no memory for it")
            : data;
    }
}
