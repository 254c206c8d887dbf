// The worker in which a GAN is trained.
import { serve } from "../engine/served";
import { GanTrainer } from "./trainer";

serve({ gan: (config: ConstructorParameters<typeof GanTrainer>[0]) => new GanTrainer(config) } as never);
