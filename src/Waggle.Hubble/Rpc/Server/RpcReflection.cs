using Google.Protobuf;
using Google.Protobuf.Reflection;
using V1 = Waggle.Hubble.Protocol.ReflectionV1;
using V1Alpha = Waggle.Hubble.Protocol.ReflectionV1alpha;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>Server reflection, both versions: the same messages under two names.</summary>
public static class RpcReflection
{
    /// <summary>Adds both services. Add and describe the others first or later: they are looked up for each question.</summary>
    public static void AddTo(RpcServer server)
    {
        server.Describe(V1.ReflectionV1Reflection.Descriptor.Services[0]);
        server.Describe(V1Alpha.ReflectionV1AlphaReflection.Descriptor.Services[0]);
        server.AddDuplex(HubbleMethods.ReflectionV1, async (requests, writer, _) =>
        {
            await foreach (var request in requests.ConfigureAwait(false))
            {
                await writer.WriteAsync(Answer(server, request)).ConfigureAwait(false);
            }
        });
        server.AddDuplex(HubbleMethods.ReflectionV1Alpha, async (requests, writer, _) =>
        {
            await foreach (var request in requests.ConfigureAwait(false))
            {
                // Same fields, same numbers: the bytes are the translation.
                var answer = Answer(server, V1.ServerReflectionRequest.Parser.ParseFrom(request.ToByteArray()));
                await writer.WriteAsync(V1Alpha.ServerReflectionResponse.Parser.ParseFrom(answer.ToByteArray())).ConfigureAwait(false);
            }
        });
    }

    private static V1.ServerReflectionResponse Answer(RpcServer server, V1.ServerReflectionRequest request)
    {
        var response = new V1.ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case V1.ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new V1.ListServiceResponse();
                response.ListServicesResponse.Service.AddRange(server.Services.Keys.Order(StringComparer.Ordinal).Select(n => new V1.ServiceResponse { Name = n }));
                break;
            case V1.ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Files(response, AllFiles(server).FirstOrDefault(f => f.Name == request.FileByFilename), request.FileByFilename);
                break;
            case V1.ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                Files(response, AllFiles(server).FirstOrDefault(f => Defines(f, request.FileContainingSymbol)), request.FileContainingSymbol);
                break;
            case V1.ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType when AllFiles(server).Exists(f => Defines(f, request.AllExtensionNumbersOfType)):
                response.AllExtensionNumbersResponse = new V1.ExtensionNumberResponse { BaseTypeName = request.AllExtensionNumbersOfType };
                break;
            case V1.ServerReflectionRequest.MessageRequestOneofCase.None:
                response.ErrorResponse = new V1.ErrorResponse { ErrorCode = (int)RpcStatusCode.InvalidArgument, ErrorMessage = "the request asks for nothing" };
                break;
            default:
                response.ErrorResponse = new V1.ErrorResponse { ErrorCode = (int)RpcStatusCode.NotFound, ErrorMessage = "there are no extensions" };
                break;
        }

        return response;
    }

    private static void Files(V1.ServerReflectionResponse response, FileDescriptor? file, string wanted)
    {
        if (file is null)
        {
            response.ErrorResponse = new V1.ErrorResponse { ErrorCode = (int)RpcStatusCode.NotFound, ErrorMessage = $"{wanted} is not known here" };
            return;
        }

        response.FileDescriptorResponse = new V1.FileDescriptorResponse();
        response.FileDescriptorResponse.FileDescriptorProto.AddRange(WithDependencies([file]).Select(f => f.SerializedData));
    }

    private static List<FileDescriptor> AllFiles(RpcServer server) =>
        WithDependencies(server.Services.Values.OfType<ServiceDescriptor>().Select(s => s.File));

    private static List<FileDescriptor> WithDependencies(IEnumerable<FileDescriptor> files)
    {
        var (seen, todo) = (new List<FileDescriptor>(), new Queue<FileDescriptor>(files));
        while (todo.TryDequeue(out var file))
        {
            if (!seen.Contains(file))
            {
                seen.Add(file);
                foreach (var dependency in file.Dependencies)
                {
                    todo.Enqueue(dependency);
                }
            }
        }

        return seen;
    }

    private static bool Defines(FileDescriptor file, string symbol) =>
        file.Services.Any(s => s.FullName == symbol || s.Methods.Any(m => m.FullName == symbol))
        || Defines(file.EnumTypes, file.Package, symbol)
        || file.MessageTypes.Any(m => Defines(m, symbol));

    private static bool Defines(MessageDescriptor message, string symbol) =>
        message.FullName == symbol || Defines(message.EnumTypes, message.FullName, symbol) || message.Fields.InDeclarationOrder().Any(f => f.FullName == symbol)
        || message.Oneofs.Any(o => o.FullName == symbol) || message.NestedTypes.Any(n => Defines(n, symbol));

    /// <summary>An enum's values are names beside it, not in it.</summary>
    private static bool Defines(IList<EnumDescriptor> enums, string scope, string symbol) =>
        enums.Any(e => e.FullName == symbol || e.Values.Any(v => symbol == $"{scope}.{v.Name}"));
}
