namespace Waggle.Agent.Cni;

/// <summary>CNI_ARGS as Kubernetes fills it: <c>K8S_POD_NAMESPACE=a;K8S_POD_NAME=b</c>.</summary>
/// <param name="Namespace">Empty when the caller is not Kubernetes.</param>
public sealed record CniArgs(string Namespace, string Pod, string Uid)
{
    /// <exception cref="CniException">An entry is not <c>KEY=VALUE</c>.</exception>
    public static CniArgs Parse(string text)
    {
        string @namespace = "", pod = "", uid = "";
        foreach (string entry in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_ARGS: \"{entry}\" is not KEY=VALUE", $"CNI_ARGS=\"{text}\"");
            }

            string value = entry[(equals + 1)..];
            switch (entry[..equals])
            {
                case "K8S_POD_NAMESPACE": @namespace = value; break;
                case "K8S_POD_NAME": pod = value; break;
                case "K8S_POD_UID": uid = value; break;
                default: break; // IgnoreUnknown and whatever runtimes add
            }
        }

        return new CniArgs(@namespace, pod, uid);
    }
}
